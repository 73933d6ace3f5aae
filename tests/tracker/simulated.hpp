#pragma once

#include "catch.hpp"

#include <xfsbus/tracker/directory.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/time.hpp>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// A Directory in simulated time, with connections that tests can close.
namespace xfsbus::tracker::test {

using tracker::Counter;

using namespace std::chrono_literals;

inline constexpr std::uint64_t epoch = 77;
inline constexpr wire::Duration ttl = 3s;
inline constexpr wire::Duration fresh = 1s;

class ScriptedOutbox final : public Directory::Outbox {
  public:
    struct Item {
        wire::Route route;
        wire::Message message;
        std::uint64_t request = 0;
    };

    Sent send(wire::Route const& route, wire::Message const& message,
              std::uint64_t request) override {
        if (gone.contains(route)) {
            return Sent::gone;
        }
        if (full.contains(route)) {
            return Sent::full;
        }
        sent.push_back({route, message, request});
        return Sent::yes;
    }

    void on_peer(Directory::PeerChange const& change) override { changes.push_back(change); }

    bool tells_end(wire::Route const&) const override { return tells_ends; }

    bool tells_ends = false;  ///< tests then call on_closed() for each that ends
    std::set<wire::Route> gone;
    std::set<wire::Route> full;
    std::vector<Item> sent;
    std::vector<Directory::PeerChange> changes;
};

inline wire::PeerId peer_id(std::uint32_t number) {
    wire::PeerId id;
    for (std::size_t i = 0; i < 4; ++i) {
        id.bytes[i] = static_cast<std::uint8_t>(number >> (8 * (3 - i)));
    }
    return id;
}

inline wire::ContentId content_id(std::uint32_t number) {
    wire::ContentId id;
    for (std::size_t i = 0; i < 4; ++i) {
        id.bytes[i] = static_cast<std::uint8_t>(number >> (8 * (3 - i)));
    }
    return id;
}

inline wire::FileEntry file(std::string name, std::uint32_t content = 1) {
    return {std::move(name), content_id(content), 1000};
}

/// A file of which its peer has only so much.
inline wire::FileEntry part(std::string name, std::uint32_t content, std::uint32_t have_ppm) {
    return {std::move(name), content_id(content), 1000, have_ppm};
}

/// The find of the swarm of a content: by its whole id.
inline wire::Find glob(std::string pattern, std::uint32_t limit = 0) {
    return {wire::FindBy::glob, std::move(pattern), "", limit};
}

inline wire::Find swarm(std::uint32_t content) {
    return {wire::FindBy::content_prefix, wire::to_hex(content_id(content)), "", 0};
}

inline std::string route_of(std::uint32_t peer) {
    return "route-" + std::to_string(peer);
}

class Simulated {
  public:
    explicit Simulated(Directory::Limits limits = {}) : Simulated({epoch, 42, ttl, limits}) {}

    explicit Simulated(Directory::Options const& options) : directory(options, out) {}

    ScriptedOutbox out;
    Directory directory;
    wire::Time now{1000s};

    void send(wire::Route const& route, wire::Message message, std::uint64_t request = 0,
              std::string const& host = "10.0.0.1") {
        send(wire::Sender{route, host}, std::move(message), request);
    }

    void send(wire::Sender const& sender, wire::Message message, std::uint64_t request = 0) {
        directory.on_message(sender, {request, std::move(message)}, now);
    }

    /// Lets time pass, with a tick at each deadline, as a shell does.
    void pass(wire::Duration duration) {
        wire::Time const end = now + duration;
        while (auto const deadline = directory.next_deadline()) {
            if (*deadline > end) {
                break;
            }
            now = std::max(now, *deadline);
            directory.on_tick(now);
        }
        now = end;
    }

    /// Everything of this type sent to the route; the record is kept.
    template <typename M>
    std::vector<M> all(wire::Route const& route) const {
        std::vector<M> found;
        for (auto const& item : out.sent) {
            if (auto const* message = std::get_if<M>(&item.message);
                message != nullptr && item.route == route) {
                found.push_back(*message);
            }
        }
        return found;
    }

    /// The last message sent to the route, which must be of this type.
    template <typename M>
    M last(wire::Route const& route) const {
        for (auto it = out.sent.rbegin(); it != out.sent.rend(); ++it) {
            if (it->route == route) {
                auto const* message = std::get_if<M>(&it->message);
                INFO("to " << route << ": " << wire::type_name(it->message));
                REQUIRE(message != nullptr);
                return *message;
            }
        }
        FAIL("nothing was sent to " << route);
        return {};
    }

    wire::Register registration(std::uint32_t peer, bool silent = false) const {
        return {peer_id(peer),
                {"10.0.0.1", static_cast<std::uint16_t>(1000 + peer)},
                silent ? 0U : 1000U,
                ""};
    }

    /// Peer number `peer`, on its own connection, with these files as its whole list.
    void join(std::uint32_t peer, std::vector<wire::FileEntry> files = {}, bool silent = false) {
        send(route_of(peer), registration(peer, silent));
        REQUIRE(std::holds_alternative<wire::Registered>(out.sent.back().message));
        if (!files.empty()) {
            update(peer, 1, std::move(files));
            last<wire::Updated>(route_of(peer));
        }
    }

    void update(std::uint32_t peer, std::uint64_t sequence, std::vector<wire::FileEntry> added,
                std::vector<std::string> removed = {}) {
        send(route_of(peer),
             wire::Update{epoch, sequence, false, false, std::move(added), std::move(removed)});
    }

    void heartbeat(std::uint32_t peer, std::uint64_t sequence, std::uint32_t load = 0) {
        send(route_of(peer), wire::Heartbeat{epoch, sequence, load});
    }

    /// The answer to this Find, which must come at once.
    wire::Found find(wire::Find const& find, wire::Route const& asker = "asker") {
        send(asker, find, 9);
        REQUIRE(out.sent.back().request == 9);
        return last<wire::Found>(asker);
    }

    wire::Found find(std::string const& name, wire::Route const& asker = "asker") {
        return find(wire::Find{wire::FindBy::name, name, "", 0}, asker);
    }

    /// The peers that have the file, by their numbers; empty if nobody has.
    std::vector<std::uint32_t> sources_of(std::string const& name) { return numbers(find(name)); }

    static std::vector<std::uint32_t> numbers(wire::Found const& found) {
        std::vector<std::uint32_t> peers;
        for (auto const& each : found.files) {
            for (auto const& source : each.sources) {
                peers.push_back(source.listens.port - 1000U);
            }
        }
        std::sort(peers.begin(), peers.end());
        return peers;
    }

    /// The peers named for any file, by their numbers.
    std::vector<std::uint32_t> sources_of(wire::Find const& find) {
        return numbers(this->find(find));
    }

    /// The names on all pages, in the order they came.
    std::vector<std::string> names_over_pages(wire::Find find) {
        std::vector<std::string> names;
        for (int pages = 0; pages < 100'000; ++pages) {
            auto const found = this->find(find);
            for (auto const& each : found.files) {
                names.push_back(each.name);
            }
            if (found.next.empty()) {
                return names;
            }
            find.after = found.next;
        }
        FAIL("the pages do not end");
        return names;
    }

    void expect_failure(wire::Route const& route, wire::ErrorCode code) {
        auto const failure = last<wire::Failure>(route);
        CHECK(failure.code == code);
        CHECK(failure.epoch == epoch);
        CHECK_FALSE(failure.reason.empty());
    }
};

using Numbers = std::vector<std::uint32_t>;

}  // namespace xfsbus::tracker::test
