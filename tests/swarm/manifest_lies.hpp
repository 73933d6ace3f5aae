#pragma once

#include "manifest_world.hpp"

#include <string>
#include <vector>

namespace xfsbus::swarm::test {

/// A way in which a source does not give the manifest that it is asked for.
struct Lie {
    std::string name;
    bool provable;  ///< the source said something that is not true
    Errc alone;     ///< what a download says that has only such a source
    std::function<ManifestWorld::Behaviour(ManifestWorld&)> make;
};

inline wire::Manifests one_part(ManifestWorld::Ask const& ask, std::uint64_t total,
                                std::uint64_t offset, std::string bytes) {
    return {{{ask.contents.front(), total, offset, std::move(bytes)}}};
}

/// Answers with what `change` makes of the honest answer.
inline ManifestWorld::Behaviour changed(
    ManifestWorld& world, std::function<void(ManifestWorld::Ask const&, wire::Manifests&)> change) {
    return [&world, change](ManifestWorld::Ask const& ask) {
        auto parts = world.parts_of(ask);
        change(ask, parts);
        return ManifestWorld::Reply{10ms, std::move(parts)};
    };
}

inline ManifestWorld::Behaviour saying(
    wire::Duration after, std::function<wire::Manifests(ManifestWorld::Ask const&)> say) {
    return [after, say](ManifestWorld::Ask const& ask) {
        return ManifestWorld::Reply{after, say(ask)};
    };
}

inline std::vector<Lie> lies() {
    using Ask = ManifestWorld::Ask;
    constexpr auto huge = wire::limits::manifest_bytes;
    auto const byte = [](std::size_t at, char value) {
        return [at, value](ManifestWorld& world) {
            return changed(world, [=](Ask const& ask, wire::Manifests& answer) {
                if (ask.offset == 0) {
                    answer.parts[0].bytes[at] = value;
                }
            });
        };
    };
    auto const says = [](wire::Duration after, std::function<wire::Manifests(Ask const&)> say) {
        return [after, say](ManifestWorld&) { return saying(after, say); };
    };
    return {
        {"a changed bit", true, Errc::integrity, byte(60, 'x')},
        {"a malformed name", true, Errc::integrity, byte(17, '\xff')},
        {"another chunk size", true, Errc::integrity, byte(14, '\x01')},
        {"another algorithm", false, Errc::plugin, byte(18, 'z')},
        {"cut short", true, Errc::integrity,
         [](ManifestWorld& world) {
             return changed(world, [](Ask const&, wire::Manifests& answer) {
                 answer.parts[0].bytes.pop_back();
                 answer.parts[0].total = answer.parts[0].bytes.size();
                 answer.parts[0].offset = 0;
             });
         }},
        {"a total beyond all limits", true, Errc::integrity,
         says(10ms, [](Ask const& ask) { return one_part(ask, huge + 1, ask.offset, "x"); })},
        {"no bytes", true, Errc::integrity,
         says(10ms, [](Ask const& ask) { return one_part(ask, huge, ask.offset, ""); })},
        {"more bytes than the total", true, Errc::integrity,
         says(10ms, [](Ask const& ask) { return one_part(ask, 3, ask.offset, "four"); })},
        {"the first byte again and again", true, Errc::integrity,
         says(10ms, [](Ask const& ask) { return one_part(ask, 90 - ask.offset, 0, "X"); })},
        {"a total that grows", true, Errc::integrity,
         says(10ms,
              [](Ask const& ask) { return one_part(ask, 90 + ask.offset, ask.offset, "X"); })},
        {"another content", true, Errc::integrity,
         says(10ms,
              [](Ask const&) {
                  return wire::Manifests{{{wire::ContentId{{9, 9, 9}}, 60, 0, "X"}}};
              })},
        {"an empty answer", true, Errc::integrity,
         says(10ms, [](Ask const&) { return wire::Manifests{}; })},
        {"a byte at a time", false, Errc::timeout,
         says(10ms, [](Ask const& ask) { return one_part(ask, huge, ask.offset, "x"); })},
        {"a byte every two seconds", false, Errc::timeout,
         says(2s, [](Ask const& ask) { return one_part(ask, huge, ask.offset, "x"); })},
        {"as little as is allowed, for long", true, Errc::integrity,
         says(330ms,
              [](Ask const& ask) {
                  auto const size = std::min<std::uint64_t>(wire::limits::manifest_reply_bytes,
                                                            huge - ask.offset);
                  return one_part(ask, huge, ask.offset, std::string(size, 'x'));
              })},
        {"it does not have it", false, Errc::timeout,
         says(10ms, [](Ask const& ask) { return one_part(ask, 0, 0, ""); })},
        {"silence", false, Errc::timeout,
         says(3600s, [](Ask const&) { return wire::Manifests{}; })},
        {"a lost connection", false, Errc::network,
         [](ManifestWorld&) {
             return [](Ask const&) {
                 return ManifestWorld::Reply{10ms, Error{Errc::network, "it is not there"}};
             };
         }},
    };
}

}  // namespace xfsbus::swarm::test
