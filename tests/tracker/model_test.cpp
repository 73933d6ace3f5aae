#include "model.hpp"

#include <array>
#include <optional>
#include <random>

// Random events go to a Directory and to the plainest possible model of it; after each event both
// must have answered the same and know the same. The seed of a failing run is printed.

using namespace xfsbus;
using namespace xfsbus::tracker::test;

namespace {

class Run {
  public:
    explicit Run(std::uint32_t seed) : random_(seed) {
        world_.out.tells_ends = model_.ends_are_told = seed % 2 == 0;
    }

    void step() {
        switch (pick(12)) {
            case 0:
            case 1:
                enter();
                break;
            case 2:
            case 3:
            case 4:
                update();
                break;
            case 5:
                say(wire::Heartbeat{epoch, pick(4), 0});
                break;
            case 6:
                say(wire::Pong{});
                break;
            case 7:
                leave();
                break;
            case 8:
                close();
                break;
            case 9:
            case 10:
                find();
                break;
            default:
                pass(std::chrono::milliseconds(pick(10) == 0 ? pick(3000) : pick(300)));
        }
        compare();
    }

    void finish() {
        pass(10s);
        compare();
        CHECK(world_.directory.stats()[Counter::pending_finds] == 0);
    }

  private:
    std::uint32_t pick(std::uint32_t count) {
        return static_cast<std::uint32_t>(random_()) % count;
    }

    std::string route() { return "r" + std::to_string(pick(6)); }

    std::string name() { return std::string(1 + pick(2), static_cast<char>('a' + pick(3))); }

    /// A route that is open, to send something from.
    std::optional<std::string> open_route() {
        auto chosen = route();
        return model_.closed.contains(chosen) ? std::nullopt : std::optional(chosen);
    }

    void from(std::string const& route, wire::Message const& message) {
        world_.send(route, message, 0);
        if (auto* peer = model_.at(route)) {
            model_.heard(*peer, world_.now);
        }
    }

    void enter() {
        auto const route = open_route();
        if (!route) {
            return;
        }
        std::uint32_t const number = pick(5);
        auto const port = static_cast<std::uint16_t>(1000 + pick(5));
        bool const silent = pick(2) == 0;
        if (model_.order_matters(*route, number, port)) {
            return;
        }
        from(*route, wire::Register{peer_id(number), {"", port}, silent ? 0U : 1000U, ""});
        model_.enter({*route, number, port, silent, {}}, world_.now);
        model_.settle(world_.now);
    }

    void say(wire::Message const& message) {
        if (auto const route = open_route()) {
            from(*route, message);
            model_.settle(world_.now);
        }
    }

    void update() {
        auto const route = open_route();
        if (!route) {
            return;
        }
        auto* peer = model_.at(*route);
        std::uint64_t const accepted = peer != nullptr ? peer->accepted : 0;
        wire::Update update{
            epoch, accepted + (pick(4) == 0 ? pick(3) : 1), pick(4) == 0, pick(4) == 0, {}, {}};
        std::uint32_t const added = pick(4);
        for (std::uint32_t i = 0; i < added; ++i) {
            update.added.push_back(part(name(), pick(3), pick(3) * wire::complete_ppm / 2));
        }
        if (pick(2) == 0) {
            update.removed.push_back(name());
        }
        world_.out.sent.clear();
        from(*route, update);
        expect(*route, peer, update);
        model_.settle(world_.now);
    }

    void expect(std::string const& route, ModelPeer* peer, wire::Update const& update) {
        if (peer == nullptr) {
            return world_.expect_failure(route, wire::ErrorCode::unknown_peer);
        }
        bool const zero = update.sequence == 0;
        bool const repeated = !zero && update.sequence == peer->accepted && !update.full_begin;
        bool const in_order = update.full_begin || update.sequence == peer->accepted + 1;
        bool const ends = update.full_end && !update.full_begin && !peer->listing;
        bool const taken = !repeated && !zero && in_order && !ends;
        REQUIRE(world_.all<wire::Updated>(route).size() == (repeated || taken ? 1U : 0U));
        REQUIRE(world_.all<wire::Failure>(route).size() == (repeated || taken ? 0U : 1U));
        if (taken) {
            Model::apply(*peer, update);
        }
    }

    void leave() {
        auto const route = open_route();
        if (!route) {
            return;
        }
        from(*route, wire::Leave{});
        model_.registrations.remove_if(
            [&](auto const& waiting) { return waiting.route == *route; });
        if (auto const* peer = model_.at(*route)) {
            model_.forget(peer->number);
        }
        model_.settle(world_.now);
    }

    /// A connection closes, or one that was closed is replaced by a new one.
    void close() {
        auto const route = this->route();
        if (world_.out.gone.contains(route) && model_.at(route) == nullptr) {
            world_.out.gone.erase(route);
            model_.closed.erase(route);
        } else {
            world_.out.gone.insert(route);
            model_.closed.insert(route);
            if (model_.ends_are_told || pick(2) == 0) {
                tell_closed(route);
            }
        }
    }

    /// The directory learns of it from the network, before it sends something there.
    void tell_closed(std::string const& route) {
        world_.directory.on_closed(route, world_.now);
        model_.registrations.remove_if([&](auto const& waiting) { return waiting.route == route; });
        model_.just_closed.insert(route);
        model_.settle(world_.now);
    }

    void find() {
        static constexpr std::array patterns = {"a", "b", "a*", "*", "?", "cc", "[bc]*"};
        wire::Find find{wire::FindBy::glob, patterns.at(pick(patterns.size())), "", 0};
        if (pick(3) == 0) {
            find = swarm(pick(3));
            find.query.resize(pick(2) == 0 ? 7 + pick(2) : find.query.size());
        }
        ModelFind asked{++request_, find.by, find.query, world_.now, {}, {}};
        for (auto const& peer : model_.peers) {
            for (auto const& [name, file] : peer.files) {
                if (asked.sees(name, file)) {
                    asked.chosen.insert({name, file.content});
                }
            }
        }
        model_.finds.push_back(std::move(asked));
        model_.settle(world_.now);
        world_.send("asker", find, request_);
    }

    void pass(wire::Duration duration) {
        auto const end = world_.now + duration;
        while (auto const deadline = world_.directory.next_deadline()) {
            REQUIRE(model_.next_deadline() == deadline);
            if (*deadline > end) {
                break;
            }
            world_.now = std::max(world_.now, *deadline);
            world_.directory.on_tick(world_.now);
            model_.tick(world_.now);
            compare();
        }
        world_.now = end;
    }

    void compare() {
        collect();
        REQUIRE(answers_ == model_.answers);
        auto const stats = world_.directory.stats();
        std::size_t files = 0;
        std::set<std::pair<std::string, std::uint32_t>> versions;
        for (auto const& peer : model_.peers) {
            files += peer.files.size();
            for (auto const& [name, file] : peer.files) {
                versions.insert({name, file.content});
            }
        }
        REQUIRE(stats[Counter::peers] == model_.peers.size());
        REQUIRE(stats[Counter::files] == files);
        REQUIRE(stats[Counter::versions] == versions.size());
        REQUIRE(stats[Counter::pending_finds] == model_.finds.size());
        REQUIRE(stats[Counter::pending_registrations] == model_.registrations.size());
        REQUIRE(world_.directory.next_deadline() == model_.next_deadline());
    }

    /// Takes the answers that were sent since the last time.
    void collect() {
        for (auto const& item : world_.out.sent) {
            auto const* found = std::get_if<wire::Found>(&item.message);
            if (found == nullptr) {
                continue;
            }
            REQUIRE_FALSE(answers_.contains(item.request));
            Rows& rows = answers_[item.request];
            for (auto const& each : found->files) {
                REQUIRE(each.source_count == each.sources.size());
                for (auto const& source : each.sources) {
                    rows.insert(
                        {each.name, each.content.bytes[3], source.peer.bytes[3], source.have_ppm});
                }
            }
        }
        world_.out.sent.clear();
    }

    std::mt19937 random_;
    Simulated world_;
    Model model_;
    std::map<std::uint64_t, Rows> answers_;
    std::uint64_t request_ = 0;
};

}  // namespace

TEST_CASE("whatever happens in whatever order, the directory agrees with a plain model of it") {
    for (std::uint32_t seed = 1; seed <= 3000; ++seed) {
        INFO("seed " << seed);
        Run run(seed);
        for (int step = 0; step < 100; ++step) {
            run.step();
        }
        run.finish();
    }
}
