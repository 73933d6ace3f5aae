#include "seeds.hpp"

#include <xfsbus/swarm/announcer.hpp>
#include <xfsbus/swarm/share_table.hpp>
#include <xfsbus/tracker/directory.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using namespace std::chrono_literals;
using tracker::Directory;

namespace {

/// What the network does to messages, as long as it is bad.
struct Weather {
    std::uint64_t lost_percent = 0;
    std::uint64_t twice_percent = 0;
    std::uint64_t late_percent = 0;
    std::uint64_t full_percent = 0;  ///< of the tracker's answers meet a queue that is full
};

/// An Announcer and the tracker's Directory, and a network between them.
class World final : private Announcer::Owner, private Directory::Outbox {
  public:
    World(std::uint64_t seed, bool silent)
        : dice(seed), announcer_({peer_id(), {"", 7000}, "", silent, seed}, owner()) {
        restart_tracker();
    }

    Dice dice;
    Weather weather;

    Announcer& announcer() { return announcer_; }

    [[nodiscard]] wire::Time now() const { return now_; }

    void connect(bool connected) {
        up_ = connected;
        announcer_.on_connected(now_, connected);
    }

    [[nodiscard]] bool tells_end(wire::Route const&) const override { return false; }

    void restart_tracker(Directory::Limits const& limits = {}) {
        Directory::Outbox& outbox = *this;
        directory_ =
            std::make_unique<Directory>(Directory::Options{++epoch_, 1, 3s, limits}, outbox);
    }

    /// The peer has another address from now on, and a new connection from there.
    void move_to(std::string const& host) {
        connect(false);
        host_ = host;
        route_ = "peer at " + host;
        connect(true);
    }

    /// Somebody on the same machine registers the peer's endpoint.
    void claim_endpoint() {
        wire::PeerId other;
        other.bytes[0] = 2;
        directory_->on_message({"rival", host_}, {1, wire::Register{other, {"", 7000}, 0, ""}},
                               now_);
    }

    [[nodiscard]] bool rival_was_refused() const { return rival_refused_; }

    void put(std::string const& name, std::uint8_t version) {
        wire::ContentId content;
        content.bytes[0] = version;
        IndexedFile const file{name, content, nullptr, {version, 0, 0}};
        share_.put(file);
        announcer_.on_changed(now_, name, entry_of(file));
    }

    void remove(std::string const& name) {
        if (share_.remove(name)) {
            announcer_.on_changed(now_, name, std::nullopt);
        }
    }

    void pass(wire::Duration duration) {
        auto const end = now_ + duration;
        while (auto const next = next_event()) {
            if (*next > end) {
                break;
            }
            now_ = std::max(now_, *next);
            happen();
        }
        now_ = end;
    }

    /// The tracker's list of this peer's files is its share.
    bool agrees() {
        std::map<std::string, std::uint8_t> told;
        wire::Find find{wire::FindBy::glob, "**", "", 0};
        do {
            found_.reset();
            directory_->on_message({"asker", "10.0.0.2"}, {1, find}, now_);
            pass(1s);  // it may have to check whether the peer is there
            if (!found_) {
                return false;
            }
            for (auto const& file : found_->files) {
                told[file.name] = file.content.bytes[0];
            }
            find.after = found_->next;
        } while (!find.after.empty());
        std::map<std::string, std::uint8_t> have;
        for (auto const& file : share_.files()) {
            have[file.name] = file.content.bytes[0];
        }
        return told == have;
    }

  private:
    static wire::PeerId peer_id() {
        wire::PeerId id;
        id.bytes[0] = 1;
        return id;
    }

    Announcer::Owner& owner() { return *this; }

    // ---- the network ----

    void travel(std::function<void()> arrive) {
        if (!up_ || dice.chance(weather.lost_percent)) {
            return;
        }
        int const times = dice.chance(weather.twice_percent) ? 2 : 1;
        for (int i = 0; i < times; ++i) {
            // In order, unless it is late.
            auto when = std::max(now_ + 5ms, last_);
            if (dice.chance(weather.late_percent)) {
                when += std::chrono::milliseconds(dice.number(1, 3000));
            } else {
                last_ = when;
            }
            on_the_way_.emplace(std::pair(when, ++count_), arrive);
        }
    }

    std::optional<wire::Time> next_event() const {
        std::optional<wire::Time> next = announcer_.next_deadline();
        auto const consider = [&](std::optional<wire::Time> time) {
            next = next && time ? std::min(*next, *time) : (time ? time : next);
        };
        consider(directory_->next_deadline());
        if (!on_the_way_.empty()) {
            consider(on_the_way_.begin()->first.first);
        }
        return next;
    }

    void happen() {
        if (!on_the_way_.empty() && on_the_way_.begin()->first.first <= now_) {
            auto const arrive = on_the_way_.extract(on_the_way_.begin()).mapped();
            return arrive();
        }
        directory_->on_tick(now_);
        announcer_.on_tick(now_);
        auto const next = announcer_.next_deadline();
        must(!next || *next > now_, "a tick at the deadline leads to a later deadline");
    }

    void send(wire::Message const& message, std::uint64_t number) override {
        must(up_ || std::holds_alternative<wire::Leave>(message),
             "without a connection nothing is sent");
        if (auto const* update = std::get_if<wire::Update>(&message)) {
            must(update->added.size() <= wire::limits::update_entries, "within the limits");
        }
        bool const registers = std::holds_alternative<wire::Register>(message);
        registers_sent_ += registers ? 1 : 0;
        travel([this, message, number, registers, after = registers_sent_, route = route_,
                host = host_] {
            // However late: no connection carries a message past a Register that was sent later.
            if (after < registers_arrived_) {
                return;
            }
            registers_arrived_ = registers ? after : registers_arrived_;
            directory_->on_message({route, host}, {number, message}, now_);
        });
    }

    std::vector<wire::FileEntry> files_after(std::string const& name, std::size_t most) override {
        return share_.after(name, most);
    }

    std::uint32_t load() override { return 0; }

    Sent send(wire::Route const& route, wire::Message const& message,
              std::uint64_t request) override {
        if (route == "asker") {
            if (auto const* found = std::get_if<wire::Found>(&message)) {
                found_ = *found;
            }
            return Sent::yes;
        }
        if (route == "rival") {
            rival_refused_ = rival_refused_ || std::holds_alternative<wire::Failure>(message);
            return Sent::yes;
        }
        if (!up_ || route != route_) {
            return Sent::gone;
        }
        if (dice.chance(weather.full_percent)) {
            return Sent::full;
        }
        travel([this, message, request] {
            if (std::holds_alternative<wire::Ping>(message)) {  // the shell answers these
                travel([this, route = route_, host = host_] {
                    directory_->on_message({route, host}, {0, wire::Pong{}}, now_);
                });
            } else {
                announcer_.on_message(now_, message, request);
            }
        });
        return Sent::yes;
    }

    void on_peer(Directory::PeerChange const&) override {}

    wire::Time now_{1000s};
    bool up_ = false;
    std::string route_ = "peer";
    std::string host_ = "10.0.0.1";
    bool rival_refused_ = false;
    std::uint64_t epoch_ = 10;
    std::map<std::pair<wire::Time, std::uint64_t>, std::function<void()>> on_the_way_;
    wire::Time last_{};
    std::uint64_t count_ = 0;
    std::uint64_t registers_sent_ = 0;
    std::uint64_t registers_arrived_ = 0;  ///< the number of the last one
    ShareTable share_;
    std::unique_ptr<Directory> directory_;
    Announcer announcer_;
    std::optional<wire::Found> found_;
};

void change_something(World& world) {
    std::string const name(1 + world.dice.number(0, 1),
                           static_cast<char>('a' + world.dice.number(0, 8)));
    if (world.dice.chance(30)) {
        world.remove(name);
    } else {
        world.put(name, static_cast<std::uint8_t>(world.dice.number(1, 200)));
    }
}

}  // namespace

TEST_CASE("the tracker knows the whole share of a peer, in several batches") {
    World world(1, GENERATE(false, true));
    for (int i = 0; i < 5000; ++i) {
        world.put(std::to_string(i), 1);
    }
    world.connect(true);
    world.pass(1s);
    CHECK(world.announcer().settled());
    CHECK(world.agrees());
}

TEST_CASE("a peer tells a restarted tracker its share again within two seconds") {
    World world(1, false);
    world.put("a", 1);
    world.connect(true);
    world.pass(1s);
    world.restart_tracker();
    world.pass(2s);
    CHECK(world.agrees());
}

TEST_CASE("a peer that leaves is no longer found") {
    World world(1, false);
    world.put("a", 1);
    world.connect(true);
    world.pass(1s);
    REQUIRE(world.agrees());
    world.announcer().leave(world.now());
    world.pass(1s);
    CHECK_FALSE(world.agrees());
    world.remove("a");
    CHECK(world.agrees());
}

TEST_CASE("whatever answer meets a full queue, the peer asks again") {
    for_each_seed(200, [](std::uint64_t seed) {
        World world(seed, false);
        world.weather.full_percent = 50;
        world.put("a", 1);
        world.connect(true);
        for (int i = 0; i < 20; ++i) {
            change_something(world);
            world.pass(std::chrono::milliseconds(world.dice.number(0, 500)));
        }
        world.weather = {};
        world.pass(10s);
        must(world.announcer().settled(), "all is said in the end");
        must(world.agrees(), "the tracker's list is the share");
    });
}

TEST_CASE("a peer that changes its network is found at its new address, with its files") {
    World world(1, false);
    world.put("a", 1);
    world.connect(true);
    world.pass(1s);
    CHECK(world.announcer().listens().host == "10.0.0.1");
    world.move_to("192.168.7.7");
    world.pass(3s);
    CHECK(world.announcer().settled());
    CHECK(world.announcer().listens().host == "192.168.7.7");
    CHECK(world.agrees());
}

TEST_CASE("a peer keeps its entry while others claim its endpoint") {
    World world(1, false);
    world.put("a", 1);
    world.connect(true);
    world.pass(1s);
    for (int i = 0; i < 20; ++i) {
        world.claim_endpoint();
        world.pass(500ms);
        CHECK(world.rival_was_refused());
        CHECK(world.announcer().settled());
    }
    CHECK(world.agrees());
}

TEST_CASE(
    "a peer whose list is too long for the tracker says so, and lists it when there is room") {
    Directory::Limits limits;
    limits.files = 3;
    World world(1, false);
    world.restart_tracker(limits);
    for (auto const* name : {"a", "b", "c", "d"}) {
        world.put(name, 1);
    }
    world.connect(true);
    world.pass(10s);
    CHECK(world.announcer().registered());
    CHECK_FALSE(world.announcer().settled());
    CHECK(world.announcer().trouble().find("3 files") != std::string::npos);
    world.remove("d");
    world.pass(31s);
    CHECK(world.announcer().settled());
    CHECK(world.announcer().trouble().empty());
    CHECK(world.agrees());
}

TEST_CASE("whatever the network does, the tracker's list becomes the share of the peer") {
    for_each_seed(2000, [](std::uint64_t seed) {
        World world(seed, false);
        world.weather = {world.dice.number(0, 40), world.dice.number(0, 20),
                         world.dice.number(0, 20), world.dice.number(0, 20)};
        bool const large = world.dice.chance(1);  // takes several batches
        for (int i = 0; i < (large ? 3000 : 10); ++i) {
            world.put("f" + std::to_string(i), 1);
        }
        world.connect(true);
        for (int step = 0; step < 40; ++step) {
            auto const what = world.dice.number(0, 29);
            if (what == 0) {
                world.restart_tracker();
            } else if (what == 1) {
                world.connect(false);
                world.pass(std::chrono::milliseconds(world.dice.number(0, 5000)));
                world.connect(true);
            } else if (what == 2) {
                world.announcer().resend(world.now());
            } else if (what < 12) {
                world.pass(std::chrono::milliseconds(world.dice.number(0, 1500)));
            } else {
                change_something(world);
            }
        }
        world.weather = {};
        world.pass(15s);
        must(world.announcer().settled(), "all is said in the end");
        must(world.agrees(), "the tracker's list is the share");
    });
}

TEST_CASE("a silent peer's list becomes true as soon as it says something over a good network") {
    for_each_seed(500, [](std::uint64_t seed) {
        World world(seed, true);
        world.weather.lost_percent = world.dice.number(0, 40);
        world.connect(true);
        for (int step = 0; step < 30; ++step) {
            change_something(world);
            world.pass(std::chrono::milliseconds(world.dice.number(0, 1500)));
        }
        world.weather = {};
        world.pass(10s);
        world.put("last", 1);
        world.pass(10s);
        must(world.announcer().settled(), "all is said in the end");
        must(world.agrees(), "the tracker's list is the share");
    });
}
