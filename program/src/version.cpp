#include <xfsbus/program/version.hpp>
#include <xfsbus/wire/messages.hpp>

namespace xfsbus::program {

std::string version_line(std::string_view program) {
    return std::string(program) + " " XFSBUS_VERSION;
}

std::string version_line(std::string_view program, std::string_view zmq_version) {
    auto line = version_line(program);
    line += " (protocol ";
    line += std::to_string(wire::protocol_version);
    line += ", libzmq ";
    line += zmq_version;
    line += ")";
    return line;
}

}  // namespace xfsbus::program
