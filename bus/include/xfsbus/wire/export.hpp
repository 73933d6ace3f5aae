#pragma once

/// Marks what libxfsbus.so offers. A class is marked as a whole, with what the compiler makes for
/// it: so one that is thrown or has virtual functions is the same to the library and its user.
#define XFSBUS_API [[gnu::visibility("default")]]

/// Marks what of such a class is the library's own.
#define XFSBUS_INTERNAL [[gnu::visibility("hidden")]]
