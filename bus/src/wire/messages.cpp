#include <xfsbus/wire/messages.hpp>

#include <array>

namespace xfsbus::wire {

std::string_view type_name(Message const& message) {
    static constexpr std::array<std::string_view, std::variant_size_v<Message>> names = {
        "Register", "Registered", "Update",  "Updated",      "Heartbeat", "Alive",     "Leave",
        "Left",     "Find",       "Found",   "ListPeers",    "PeerList",  "Subscribe", "Changes",
        "Ping",     "Pong",       "Failure", "GetManifests", "Manifests", "Request",   "Close",
        "Refused",  "Have",       "Push",    "Pushed"};
    return names[message.index()];
}

}  // namespace xfsbus::wire
