/* Stands in for netsh.exe, which does nothing in Wine: the dynamic port ranges, shown and set as Microsoft documents
   it (KB 929851), in the language that C:\windows\netsh.language names. The ranges are kept in
   C:\windows\netsh.FAMILY.PROTOCOL; where C:\windows\netsh.refuses is there, nothing can be set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static int there(const char *path) { return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES; }

/* Title, start, count and what is said of a fault; Japanese as its console has it, in code page 932. */
static const char *const languages[][5] = {
    {"en", "Protocol %s Dynamic Port Range", "Start Port      : %d", "Number of Ports : %d",
     "The parameter is incorrect."},
    {"de", "Protokoll %s Dynamischer Portbereich", "Startport       : %d", "Anzahl von Ports: %d",
     "Falscher Parameter."},
    {"fr", "Protocole %s Plage de ports dynamique", "Port de d\x82marrage   : %d", "Nombre de ports    : %d",
     "Le param\x8atre est incorrect."},
    {"ja", "\x83\x76\x83\x8d\x83\x67\x83\x52\x83\x8b %s \x93\xae\x93\x49\x83\x7c\x81\x5b\x83\x67\x94\xcd\x88\xcd",
     "\x8a\x4a\x8e\x6e\x83\x7c\x81\x5b\x83\x67     : %d", "\x83\x7c\x81\x5b\x83\x67\x90\x94         : %d",
     "\x83\x70\x83\x89\x83\x81\x81\x5b\x83\x5e\x81\x5b\x82\xaa\x8c\xeb\x82\xc1\x82\xc4\x82\xa2\x82\xdc\x82\xb7\x81\x42"},
};

static const char *const *language(void) {
  char name[8] = "en";
  FILE *file = fopen("C:\\windows\\netsh.language", "r");
  if (file) {
    if (fscanf(file, "%7s", name) != 1) strcpy(name, "en");
    fclose(file);
  }
  for (size_t at = 0; at < sizeof languages / sizeof *languages; at++)
    if (!strcmp(languages[at][0], name)) return languages[at];
  return languages[0];
}

static int refuse(const char *why) {
  printf("%s\r\n\r\n", why);
  return 1;
}

int main(int argc, char **argv) {
  const char *const *say = language();
  if (argc < 6 || (strcmp(argv[1], "int") && strcmp(argv[1], "interface")) ||
      (strcmp(argv[2], "ipv4") && strcmp(argv[2], "ipv6")) || strcmp(argv[4], "dynamicport") ||
      (strcmp(argv[5], "tcp") && strcmp(argv[5], "udp")))
    return refuse(say[4]);
  char path[64];
  snprintf(path, sizeof path, "C:\\windows\\netsh.%s.%s", argv[2], argv[5]);
  if (!strcmp(argv[3], "show") && argc == 6) {
    int start = 49152, count = 16384;
    FILE *file = fopen(path, "r");
    if (file) {
      if (fscanf(file, "%d %d", &start, &count) != 2) return refuse(say[4]);
      fclose(file);
    }
    printf("\r\n");
    printf(say[1], argv[5]);
    printf("\r\n---------------------------------\r\n");
    printf(say[2], start);
    printf("\r\n");
    printf(say[3], count);
    printf("\r\n\r\n");
    return 0;
  }
  int start, count;
  if (strcmp(argv[3], "set") || argc != 8 || sscanf(argv[6], "start=%d", &start) != 1 ||
      sscanf(argv[7], "num=%d", &count) != 1)
    return refuse(say[4]);
  if (start < 1025 || count < 255 || start + count > 65536 || there("C:\\windows\\netsh.refuses"))
    return refuse(say[4]);
  FILE *file = fopen(path, "w");
  if (!file) return refuse(say[4]);
  fprintf(file, "%d %d", start, count);
  fclose(file);
  printf("Ok.\r\n\r\n");
  return 0;
}
