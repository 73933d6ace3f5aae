// A library whose code ends the program that loads it, each time in another way.
#include <cstdlib>

#include <unistd.h>

namespace {

struct AtLoad {
    AtLoad() { HOW; }
} const at_load;

}  // namespace
