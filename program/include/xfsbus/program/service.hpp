#pragma once

#include <string_view>

namespace xfsbus::program {

/// Tells the service manager that started this program, if one wants to know: "READY=1",
/// "RELOADING=1", "STOPPING=1". See sd_notify(3), whose protocol this is: a datagram to the socket
/// that NOTIFY_SOCKET names. Any thread; what fails is nothing to the program.
void notify_service(std::string_view state);

/// RELOADING=1, with the time that the manager asks for.
void notify_reloading();

}  // namespace xfsbus::program
