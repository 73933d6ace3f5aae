#include "simulated.hpp"

#include <xfsbus/wire/glob.hpp>

#include <list>
#include <map>
#include <optional>
#include <random>
#include <tuple>

// Random events go to a Directory and to the plainest possible model of it; after each event both
// must have answered the same and know the same. The seed of a failing run is printed.

using namespace xfsbus;
using namespace xfsbus::tracker::test;

namespace {

/// One row of an answer: name, content, peer, how much of it the peer has.
using Row = std::tuple<std::string, std::uint32_t, std::uint32_t, std::uint32_t>;
using Rows = std::set<Row>;

struct ModelFile {
    std::uint32_t content = 0;
    std::uint32_t have_ppm = 0;
};

struct ModelPeer {
    std::uint32_t number = 0;
    std::string route;
    std::uint16_t port = 0;
    bool silent = false;
    wire::Time heard;
    std::optional<wire::Time> check;
    std::optional<wire::Time> pinged;
    std::uint64_t accepted = 0;
    bool listing = false;
    std::map<std::string, ModelFile> files;
    std::set<std::string> named;
    bool seen = false;  ///< by the step of a find that is under way

    wire::Time due() const {
        auto const expires = heard + ttl;
        if (!check) {
            return expires;
        }
        return silent ? *check : std::min(*check, expires);
    }
};

struct ModelFind {
    std::uint64_t request = 0;
    wire::FindBy by = wire::FindBy::glob;
    std::string query;
    wire::Time started;
    std::set<std::uint32_t> waiting;
    /// Names and contents that there were when it was asked.
    std::set<std::pair<std::string, std::uint32_t>> chosen;

    bool names(std::string const& name, ModelFile const& file) const {
        return sees(name, file) && chosen.contains({name, file.content});
    }

    bool sees(std::string const& name, ModelFile const& file) const {
        if (by == wire::FindBy::glob) {
            return file.have_ppm > 0 && wire::glob_match(query, name);
        }
        bool const whole = query.size() == 2 * wire::ContentId::size;
        return (file.have_ppm > 0 || whole) &&
               wire::to_hex(content_id(file.content)).starts_with(query);
    }
};

struct ModelRegistration {
    std::string route;
    std::uint32_t number = 0;
    std::uint16_t port = 0;
    bool silent = false;
    std::set<std::uint32_t> holders;
};

struct Model {
    std::list<ModelPeer> peers;
    std::list<ModelFind> finds;
    std::list<ModelRegistration> registrations;
    std::set<std::string> closed;
    std::set<std::string> just_closed;  ///< found out by answering
    std::map<std::uint64_t, Rows> answers;

    ModelPeer* at(std::string const& route) {
        auto const found = std::find_if(peers.begin(), peers.end(),
                                        [&](auto const& peer) { return peer.route == route; });
        return found == peers.end() ? nullptr : &*found;
    }

    ModelPeer* with(std::uint32_t number) {
        auto const found = std::find_if(peers.begin(), peers.end(),
                                        [&](auto const& peer) { return peer.number == number; });
        return found == peers.end() ? nullptr : &*found;
    }

    ModelPeer* on(std::uint16_t port) {
        auto const found = std::find_if(peers.begin(), peers.end(),
                                        [&](auto const& peer) { return peer.port == port; });
        return found == peers.end() ? nullptr : &*found;
    }

    void heard(ModelPeer& peer, wire::Time now) {
        peer.heard = now;
        peer.check.reset();
        resolve(peer.number);
        registrations.remove_if([&](auto const& waiting) {
            bool const refused = waiting.holders.contains(peer.number);
            if (refused && closed.contains(waiting.route)) {
                just_closed.insert(waiting.route);
            }
            return refused;
        });
    }

    void resolve(std::uint32_t number) {
        for (auto& find : finds) {
            find.waiting.erase(number);
        }
    }

    void forget(std::uint32_t number) {
        resolve(number);
        for (auto& waiting : registrations) {
            waiting.holders.erase(number);
        }
        peers.remove_if([&](auto const& peer) { return peer.number == number; });
    }

    /// Forgets the peer, or moves it, if it waits to come back.
    void lose(std::uint32_t number, wire::Time now) {
        for (auto it = registrations.begin(); it != registrations.end(); ++it) {
            auto const* other = on(it->port);
            if (it->number == number && it->holders == std::set{number} &&
                (other == nullptr || other->number == number)) {
                auto const heir = *it;
                registrations.erase(it);
                return admit(heir, now);
            }
        }
        forget(number);
    }

    void lose_if(auto const& condition, wire::Time now) {
        std::vector<std::uint32_t> lost;
        for (auto& peer : peers) {
            if (condition(peer)) {
                lost.push_back(peer.number);
            }
        }
        for (auto const number : lost) {
            lose(number, now);
        }
    }

    bool may_be_there(ModelPeer& peer, wire::Time now) {
        if (ping(peer, now)) {
            return false;
        }
        peer.check = peer.check.value_or(now + tracker::Directory::check_time);
        return true;
    }

    void enter(ModelRegistration wanted, wire::Time now) {
        registrations.remove_if([&](auto const& waiting) { return waiting.route == wanted.route; });
        if (auto* former = at(wanted.route); former != nullptr && former->number != wanted.number) {
            forget(former->number);
        }
        if (auto* same = with(wanted.number);
            same != nullptr && same->route != wanted.route && may_be_there(*same, now)) {
            wanted.holders.insert(same->number);
        }
        for (auto* other = on(wanted.port); other != nullptr && other->number != wanted.number;
             other = on(wanted.port)) {
            if (may_be_there(*other, now)) {
                wanted.holders.insert(other->number);
                break;
            }
            lose(other->number, now);
        }
        wanted.holders.empty() ? admit(wanted, now) : registrations.push_back(wanted);
    }

    /// Two checks that end at the same moment would decide about it, and it is not said which ends
    /// first.
    bool order_matters(std::string const& route, std::uint32_t number, std::uint16_t port) {
        auto const* same = with(number);
        auto const* other = on(port);
        bool const two = same != nullptr && other != nullptr && same != other;
        return two || std::any_of(registrations.begin(), registrations.end(), [&](auto const& one) {
                   return one.route != route && (one.number == number || one.port == port);
               });
    }

    void admit(ModelRegistration const& wanted, wire::Time now) {
        if (with(wanted.number) == nullptr) {
            peers.push_back({});
            peers.back().number = wanted.number;
        }
        ModelPeer& peer = *with(wanted.number);
        peer.route = wanted.route;
        peer.port = wanted.port;
        peer.silent = wanted.silent;
        peer.accepted = 0;
        peer.listing = false;
        peer.pinged.reset();
        peer.seen = false;
        heard(peer, now);
        if (closed.contains(peer.route)) {
            just_closed.insert(peer.route);
        }
    }

    static void apply(ModelPeer& peer, wire::Update const& update) {
        if (update.full_begin) {
            peer.listing = true;
            peer.named.clear();
        }
        peer.accepted = update.sequence;
        for (auto const& name : update.removed) {
            peer.files.erase(name);
        }
        for (auto const& file : update.added) {
            peer.files[file.name] = {file.content.bytes[3], file.have_ppm};
            peer.named.insert(file.name);
        }
        if (update.full_end) {
            std::erase_if(peer.files,
                          [&](auto const& file) { return !peer.named.contains(file.first); });
            peer.listing = false;
        }
    }

    static bool is_source(ModelPeer const& peer, ModelFind const& find) {
        return std::any_of(peer.files.begin(), peer.files.end(),
                           [&](auto const& file) { return find.names(file.first, file.second); });
    }

    /// True if the peer, sent a Ping, is found closed.
    bool ping(ModelPeer& peer, wire::Time now) {
        peer.pinged = now;
        return closed.contains(peer.route);
    }

    void check_all(ModelFind& find, wire::Time now) {
        for (auto& peer : peers) {
            peer.seen = false;
        }
        for (bool lost = true; lost;) {
            std::set<std::uint32_t> dead;
            for (auto& peer : peers) {
                if (is_source(peer, find) && !std::exchange(peer.seen, true) &&
                    !check(peer, find, now)) {
                    dead.insert(peer.number);
                }
            }
            lose_if([&](auto const& peer) { return dead.contains(peer.number); }, now);
            lost = !dead.empty();
        }
    }

    /// False: its connection is closed.
    bool check(ModelPeer& peer, ModelFind& find, wire::Time now) {
        bool const just = peer.pinged && now - *peer.pinged < tracker::Directory::ping_pause;
        bool const stale = find.started - peer.heard >= fresh;
        if (!(just && (!stale || peer.check)) && ping(peer, now)) {
            return false;
        }
        if (stale) {
            peer.check = peer.check.value_or(now + tracker::Directory::check_time);
            find.waiting.insert(peer.number);
        }
        return true;
    }

    /// Answers the finds that wait for nobody.
    void settle(wire::Time now) {
        while (settle_one(now)) {
        }
    }

    bool settle_one(wire::Time now) {
        if (!just_closed.empty()) {
            auto const route = just_closed.extract(just_closed.begin()).value();
            if (auto const* peer = at(route)) {
                lose(peer->number, now);
            }
            return true;
        }
        for (auto it = finds.begin(); it != finds.end(); ++it) {
            if (it->waiting.empty() && answer(*it, now)) {
                finds.erase(it);
                return true;  // what this one found out may be what another waited for
            }
        }
        auto const free = std::find_if(registrations.begin(), registrations.end(),
                                       [](auto const& one) { return one.holders.empty(); });
        if (free != registrations.end()) {
            auto const wanted = *free;
            registrations.erase(free);
            enter(wanted, now);
            return true;
        }
        return false;
    }

    /// False: it waits.
    bool answer(ModelFind& find, wire::Time now) {
        check_all(find, now);
        if (!find.waiting.empty()) {
            return false;
        }
        Rows& rows = answers[find.request];
        for (auto const& peer : peers) {
            for (auto const& [name, file] : peer.files) {
                if (find.names(name, file)) {
                    rows.insert({name, file.content, peer.number, file.have_ppm});
                }
            }
        }
        return true;
    }

    void tick(wire::Time now) {
        auto const lost = [&](ModelPeer& peer) {
            if (peer.due() > now) {
                return false;
            }
            if ((peer.check && *peer.check <= now) || !peer.silent || ping(peer, now)) {
                return true;
            }
            peer.check = now + tracker::Directory::check_time;
            return false;
        };
        lose_if(lost, now);
        settle(now);
    }

    std::optional<wire::Time> next_deadline() const {
        std::optional<wire::Time> next;
        for (auto const& peer : peers) {
            next = next ? std::min(*next, peer.due()) : peer.due();
        }
        return next;
    }
};

class Run {
  public:
    explicit Run(std::uint32_t seed) : random_(seed) {}

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
        CHECK(world_.directory.stats().pending_finds == 0);
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
            if (pick(2) == 0) {
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
        REQUIRE(stats.peers == model_.peers.size());
        REQUIRE(stats.files == files);
        REQUIRE(stats.versions == versions.size());
        REQUIRE(stats.pending_finds == model_.finds.size());
        REQUIRE(stats.pending_registrations == model_.registrations.size());
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
