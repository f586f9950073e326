/* Takes rights away, for tests: `rights without COMMAND` runs a command without the administrators' group,
   `rights administrators KEY` lets everybody read a key below HKEY_LOCAL_MACHINE and only them write it, as Windows has
   it, `rights read-only KEY` lets nobody write it. */
#include <stdio.h>
#include <windows.h>
#include <aclapi.h>
#include <sddl.h>

static int fail(const wchar_t *what) {
  fwprintf(stderr, L"%ls: error %lu\n", what, GetLastError());
  return 99;
}

static int without_administrators(wchar_t *command) {
  HANDLE token, restricted;
  SID_AND_ATTRIBUTES gone = {0};
  STARTUPINFOW start = {sizeof start};
  PROCESS_INFORMATION child;
  DWORD code = 99;
  start.dwFlags = STARTF_USESTDHANDLES;
  start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
  start.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
  start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
  if (!ConvertStringSidToSidW(L"S-1-5-32-544", &gone.Sid)) return fail(L"sid");
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &token)) return fail(L"token");
  if (!CreateRestrictedToken(token, DISABLE_MAX_PRIVILEGE, 1, &gone, 0, NULL, 0, NULL, &restricted))
    return fail(L"restrict");
  if (!CreateProcessAsUserW(restricted, NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child))
    return fail(L"start");
  WaitForSingleObject(child.hProcess, INFINITE);
  GetExitCodeProcess(child.hProcess, &code);
  return (int)code;
}

static int guard(const wchar_t *path, const wchar_t *access) {
  HKEY key;
  PSECURITY_DESCRIPTOR descriptor;
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(access, SDDL_REVISION_1, &descriptor, NULL))
    return fail(L"descriptor");
  LSTATUS status = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, WRITE_DAC, &key);
  if (!status) status = RegSetKeySecurity(key, DACL_SECURITY_INFORMATION, descriptor);
  SetLastError(status);
  return status ? fail(path) : 0;
}

int wmain(int argc, wchar_t **argv) {
  if (argc == 3 && !wcscmp(argv[1], L"without")) return without_administrators(argv[2]);
  if (argc == 3 && !wcscmp(argv[1], L"read-only")) return guard(argv[2], L"D:P(A;;KR;;;WD)");
  if (argc == 3 && !wcscmp(argv[1], L"administrators")) return guard(argv[2], L"D:P(A;;KA;;;BA)(A;;KR;;;WD)");
  fwprintf(stderr, L"rights without COMMAND | administrators KEY | read-only KEY\n");
  return 98;
}
