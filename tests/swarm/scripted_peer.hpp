#pragma once

#include "catch.hpp"

#include <xfsbus/swarm/announcer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace xfsbus::swarm::test {

using namespace std::chrono_literals;

inline constexpr wire::Duration tick{1};
inline constexpr std::uint64_t epoch = 7;

inline wire::FileEntry entry(std::string name, std::uint8_t version = 1) {
    wire::ContentId content;
    content.bytes[0] = version;
    return {std::move(name), content, version};
}

/// A peer's Announcer, in simulated time, with what it sent.
class Scripted final : private Announcer::Owner {
  public:
    explicit Scripted(bool silent = false, std::uint64_t seed = 1)
        : core({{}, {"", 7000}, "zone=a", silent, seed}, owner()) {}

    wire::Time now{1000s};
    std::map<std::string, wire::FileEntry> share;
    std::uint32_t busy = 0;
    std::vector<wire::Message> sent;
    std::uint64_t said = 0;        ///< the number of the message sent last
    std::size_t most_entries = 0;  ///< ever asked of the share at once
    Announcer core;

    /// Messages of this type since the last call, and forgets all others.
    template <typename M>
    std::vector<M> take() {
        std::vector<M> found;
        for (auto const& message : sent) {
            if (auto const* one = std::get_if<M>(&message)) {
                found.push_back(*one);
            }
        }
        sent.clear();
        return found;
    }

    /// The answer to the message sent last, or to the one of this number.
    void hear(wire::Message const& message) { hear(message, said); }

    void hear(wire::Message const& message, std::uint64_t number) {
        core.on_message(now, message, number);
    }

    void pass(wire::Duration duration) {
        now += duration;
        core.on_tick(now);
    }

    void put(std::string const& name, std::uint8_t version = 1) {
        share[name] = entry(name, version);
        core.on_changed(now, name, share[name]);
    }

    /// All at once.
    void put_many(std::size_t files) {
        std::vector<wire::FileEntry> added;
        for (std::size_t i = 0; i < files; ++i) {
            auto name = std::to_string(10'000 + i);
            added.push_back(share[name] = entry(name));
        }
        core.on_changed(now, std::move(added), {});
    }

    void remove(std::string const& name) {
        share.erase(name);
        core.on_changed(now, name, std::nullopt);
    }

    void connect() { core.on_connected(now, true); }

    void be_registered(std::uint64_t at = epoch) {
        hear(wire::Registered{at, 3000, 1000, {"10.0.0.9", 7000}});
    }

    void answer(std::uint64_t sequence) { hear(wire::Updated{epoch, sequence}); }

    /// Registered, with its list known to the tracker.
    void settle() {
        connect();
        be_registered();
        for (auto const& update : take<wire::Update>()) {
            answer(update.sequence);
        }
        REQUIRE(core.settled());
        sent.clear();
    }

  private:
    Announcer::Owner& owner() { return *this; }

    void send(wire::Message const& message, std::uint64_t number) override {
        CHECK(number == said + 1);
        said = number;
        sent.push_back(message);
    }

    std::vector<wire::FileEntry> files_after(std::string const& name, std::size_t most) override {
        most_entries = std::max(most_entries, most);
        std::vector<wire::FileEntry> files;
        for (auto at = share.upper_bound(name); at != share.end() && files.size() < most; ++at) {
            files.push_back(at->second);
        }
        return files;
    }

    std::uint32_t load() override { return busy; }
};

inline std::vector<std::string> names(wire::Update const& update) {
    std::vector<std::string> names;
    for (auto const& file : update.added) {
        names.push_back(file.name);
    }
    return names;
}

using Names = std::vector<std::string>;

}  // namespace xfsbus::swarm::test
