/* bcryptprimitives.dll, which Wine 8 lacks and Rust's standard library asks for random numbers. For tests only. */
#include <windows.h>
#include <ntsecapi.h>

BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) { return RtlGenRandom(data, (ULONG)size); }
