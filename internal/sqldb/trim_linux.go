package sqldb

/*
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
static void give_back(void) { malloc_trim(0); }
#else
static void give_back(void) {}
#endif
*/
import "C"

// trim gives back to the system what SQLite has freed; glibc would keep it, for each thread.
func trim() { C.give_back() }
