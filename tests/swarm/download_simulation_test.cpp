#include "download_rules.hpp"
#include "ranks.hpp"
#include "seeds.hpp"

#include <xfsbus/policies/load_latency.hpp>
#include <xfsbus/swarm/download.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <tuple>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using namespace std::chrono_literals;

namespace {

/// A policy that decides by chance, and sometimes wants nobody.
class Fickle final : public policies::PeerSelector {
  public:
    explicit Fickle(bool declines) : declines_(declines) {}

    std::optional<std::size_t> pick(policies::RequestView const&,
                                    std::span<policies::SourceView const> sources,
                                    policies::Rng& rng) override {
        if (declines_ && rng.below(20) == 0) {
            return std::nullopt;
        }
        return rng.below(sources.size());
    }

  private:
    bool declines_;
};

enum class Kind : std::uint8_t {
    honest,
    slow,       ///< up to eight seconds a chunk
    repeating,  ///< sends each chunk twice
    shuffling,  ///< in any order
    dying,      ///< silent for good after some chunks
    returning,  ///< silent for a while
    stalling,   ///< answers, but after some chunks sends none
    busy,       ///< refuses, mostly
    gone,       ///< refuses for good after some chunks
    partial,    ///< has some chunks, and says so; some gain more, some have nothing for ever
    // ---- and those who lie ----
    bit_flip,
    wrong_chunk,
    wrong_offset,
    short_chunk,
    long_chunk,
    unsolicited,  ///< chunks that were not asked of it, of garbage
    count
};

bool good(Kind kind) {
    return kind <= Kind::shuffling;
}

bool lies(Kind kind) {
    return kind >= Kind::bit_flip;
}

struct Peer {
    SourceId id{};
    Kind kind{};
    wire::Duration latency{};  ///< one way
    wire::Duration pace{};     ///< from chunk to chunk
    std::uint32_t chunks_until_change = 0;
    wire::Time back{};   ///< returning: when it lives again
    bool known = false;  ///< without a search
    double completeness = 1;
    ChunkSet owns;      ///< what it really has
    wire::Time free{};  ///< when it has sent what it was asked for
    std::uint32_t sent = 0;
    bool silent = false;
    unsigned transfer = 0;
};

class Simulation {
  public:
    explicit Simulation(std::uint64_t seed) : dice_(seed) {
        now_ = wire::Time(std::chrono::microseconds(dice_.number(1, 1'000'000'000'000)));
        begun_ = now_;
        auto const chunks = static_cast<std::uint32_t>(dice_.chance(95) ? dice_.number(0, 24)
                                                                        : dice_.number(25, 250));
        file_ = {chunks == 0 ? 0 : chunks * 1000ULL - dice_.number(0, 999), 1000, chunks};
        limits_.sources_most = dice_.number(1, 4);
        limits_.window_most = dice_.number(500, 8000);
        limits_.outstanding_most = dice_.number(500, 20'000);
        order_ = std::make_unique<Ranks>(static_cast<std::uint32_t>(dice_.number(0, 10)));
        make_peers();
        if (dice_.chance(60)) {
            policy_ = std::make_unique<policies::LoadLatency>();
        } else {
            policy_ = std::make_unique<Fickle>(dice_.chance(50));
        }
        quick_searches_ = dice_.chance(70);
        ChunkSet here(file_.chunks);
        for (std::uint32_t chunk = 0; chunk < file_.chunks; ++chunk) {
            if (dice_.chance(10)) {
                here.insert(chunk);
            }
        }
        content_ = std::make_unique<ContentState>(wire::ContentId{}, file_, here);
        core_ = std::make_unique<Download>(*content_, limits_,
                                           Download::Policies{*policy_, *order_}, dice_.rng());
        rules_ = std::make_unique<DownloadRules>(file_, limits_, peers_.size());
        here.for_each([this](std::uint32_t chunk) { rules_->have(chunk); });
        for (auto const& each : peers_) {
            if (each.kind == Kind::partial) {
                rules_->told(each.id, ChunkSet(file_.chunks));
            }
        }
    }

    void run() {
        begin();
        while (!content_->complete() && !core_->progress(now_).failure) {
            step();
            must(now_ - begun_ < 30min + file_.chunks * 3min, "the download ends in bounded time");
        }
        finish();
    }

  private:
    void make_peers() {
        auto const count = dice_.number(1, 6);
        for (std::uint64_t i = 0; i < count; ++i) {
            Peer peer;
            peer.id = SourceId{i + 1};
            peer.kind =
                static_cast<Kind>(dice_.number(0, static_cast<std::uint64_t>(Kind::count) - 1));
            peer.latency = std::chrono::microseconds(dice_.number(10, 100'000));
            peer.pace = std::chrono::milliseconds(peer.kind == Kind::slow ? dice_.number(1000, 8000)
                                                                          : dice_.number(0, 200));
            peer.chunks_until_change = static_cast<std::uint32_t>(dice_.number(0, 8));
            peer.known = dice_.chance(70);
            peer.owns = ChunkSet::full(file_.chunks);
            if (peer.kind == Kind::partial) {
                make_partial(peer);
            }
            peers_.push_back(peer);
        }
    }

    void make_partial(Peer& peer) {
        peer.completeness = dice_.chance(50) ? 0 : 0.5;
        peer.owns = ChunkSet(file_.chunks);
        for (std::uint32_t chunk = 0; peer.completeness > 0 && chunk < file_.chunks; ++chunk) {
            if (dice_.chance(50)) {
                peer.owns.insert(chunk);
            }
        }
    }

    void begin() {
        bool const before = dice_.chance(50);
        auto const add_known = [&] {
            for (auto& peer : peers_) {
                if (peer.known) {
                    add(peer);
                }
            }
        };
        if (before) {
            add_known();
        }
        core_->start(now_);
        obey();
        if (!before) {
            add_known();
        }
    }

    /// The next thing that happens: an event, or a tick that the core asked for.
    void step() {
        auto const deadline = core_->next_deadline();
        if (deadline && (events_.empty() || *deadline <= events_.top().when)) {
            now_ = std::max(now_, *deadline);
            core_->on_tick(now_);
            obey();
            auto const next = core_->next_deadline();
            must(!next || *next > now_, "a tick at the deadline leads to a later deadline");
            return;
        }
        must(!events_.empty(), "somebody has to move while the download is not over");
        auto const event = events_.top();
        events_.pop();
        now_ = event.when;
        event.happen();
        obey();
    }

    void at(wire::Time when, std::function<void()> happen) {
        events_.push({when, ++event_count_, std::move(happen)});
    }

    void add(Peer& peer) {
        bool const taken = core_->add_source(
            now_, {peer.id, "peer", "", static_cast<double>(dice_.number(1, 100)),
                   static_cast<std::uint32_t>(dice_.number(0, 3)), peer.completeness});
        if (taken) {
            rules_->found(peer.id);
        }
        obey();
    }

    Peer& peer(SourceId id) { return peers_.at(static_cast<std::size_t>(id) - 1); }

    // ---- what the core wants done ----

    void obey() {
        auto const actions = core_->take_actions();
        rules_->follow(now_, actions, core_->progress(now_));
        for (auto const& drop : actions.drops) {
            ++peer(drop.source).transfer;
        }
        for (auto const& ask : actions.asks) {
            on_ask(peer(ask.source), ask);
        }
        for (auto const& probe : actions.probes) {
            on_probe(peer(probe.source));
        }
        if (actions.search) {
            must(!searching_, "one search at a time");
            searching_ = true;
            on_search();
        }
    }

    void on_ask(Peer& source, Download::Ask const& ask) {
        if (source.kind == Kind::partial) {
            at(now_ + 2 * source.latency, [this, &source] { tell(source); });
        }
        at(now_ + source.latency, [this, &source, chunks = ask.chunks, transfer = source.transfer] {
            serve(source, chunks, transfer);
        });
    }

    void on_probe(Peer& source) {
        at(now_ + 2 * source.latency, [this, &source] {
            if (alive(source)) {
                auto const load = static_cast<std::uint32_t>(dice_.number(0, 5));
                auto const latency_ms = static_cast<double>(dice_.number(1, 100));
                core_->on_word(now_, source.id, Download::Vitals{load, latency_ms});
            }
        });
    }

    void on_search() {
        if (!quick_searches_ && dice_.chance(10)) {
            return;  // never ends
        }
        auto const takes = quick_searches_ ? dice_.number(1, 300) : dice_.number(1, 6000);
        at(now_ + std::chrono::milliseconds(takes), [this] {
            for (auto& each : peers_) {
                if (alive(each)) {
                    add(each);
                }
            }
            searching_ = false;
            core_->on_search_done(now_);
        });
    }

    // ---- what the sources do ----

    /// All that it has; and now and then it gains more.
    void tell(Peer& source) {
        rules_->told(source.id, source.owns);
        core_->on_word(now_, source.id, have_of(source.owns));
        if (dice_.chance(60)) {
            at(now_ + std::chrono::milliseconds(dice_.number(1, 3000)),
               [this, &source] { gain(source); });
        }
    }

    void gain(Peer& source) {
        std::vector<std::uint32_t> gained;
        for (auto left = dice_.number(0, 3); left > 0 && file_.chunks > 0; --left) {
            auto const chunk = static_cast<std::uint32_t>(dice_.number(0, file_.chunks - 1));
            source.owns.insert(chunk);
            rules_->gained(source.id, chunk);
            gained.push_back(chunk);
        }
        core_->on_word(now_, source.id, gained_of(gained));
    }

    bool alive(Peer& source) {
        if (source.kind == Kind::returning && source.silent && now_ >= source.back) {
            source.silent = false;
            source.chunks_until_change = 1000;
        }
        return !source.silent;
    }

    void refuse(Peer& source, unsigned transfer, wire::ErrorCode code) {
        at(now_ + source.latency, [this, &source, transfer, code] {
            if (source.transfer == transfer) {  // as the owner does: it knows its transfers
                core_->on_word(now_, source.id, wire::Refused{{}, code, "no"});
            }
        });
    }

    void serve(Peer& source, std::vector<std::uint32_t> chunks, unsigned transfer) {
        if (!alive(source)) {
            return;
        }
        if (source.kind == Kind::busy && dice_.chance(80)) {
            return refuse(source, transfer, wire::ErrorCode::busy);
        }
        if (source.kind == Kind::shuffling) {
            for (std::size_t i = chunks.size(); i > 1; --i) {
                std::swap(chunks[i - 1], chunks[dice_.number(0, i - 1)]);
            }
        }
        source.free = std::max(source.free, now_);
        for (auto const chunk : chunks) {
            if (source.sent >= source.chunks_until_change && change(source, transfer)) {
                return;
            }
            ++source.sent;
            source.free += source.pace;
            send(source, chunk);
        }
    }

    /// True if nothing more comes.
    bool change(Peer& source, unsigned transfer) {
        if (source.kind == Kind::gone) {
            refuse(source, transfer, wire::ErrorCode::gone);
            return true;
        }
        if (source.kind == Kind::dying || source.kind == Kind::returning) {
            source.silent = true;
            source.back = now_ + std::chrono::milliseconds(dice_.number(100, 6000));
            if (dice_.chance(30)) {  // the connection breaks
                refuse(source, transfer, wire::ErrorCode::closed);
            }
            return true;
        }
        return source.kind == Kind::stalling;
    }

    void send(Peer& source, std::uint32_t chunk) {
        Parcel parcel{chunk, file_.offset(chunk), file_.length(chunk), false};
        if (lies(source.kind) && dice_.chance(50)) {
            distort(source.kind, parcel);
        }
        deliver(source, parcel);
        if (source.kind == Kind::repeating) {
            deliver(source, parcel);
        }
    }

    void deliver(Peer& source, Parcel const& parcel) {
        at(source.free + source.latency, [this, &source, parcel] { arrive(source, parcel); });
    }

    void distort(Kind kind, Parcel& parcel) {
        auto const other = static_cast<std::uint32_t>(dice_.number(0, file_.chunks + 1));
        switch (kind) {
            case Kind::wrong_chunk:  // these bytes under another number
                parcel.corrupt = parcel.chunk != other;
                parcel.chunk = other;
                break;
            case Kind::wrong_offset:
                parcel.offset += dice_.number(1, 5000);
                break;
            case Kind::short_chunk:
                parcel.length -= dice_.number(1, parcel.length);
                break;
            case Kind::long_chunk:
                parcel.length += dice_.number(1, 5000);
                break;
            case Kind::unsolicited:
                parcel.chunk = other;
                parcel.offset = other < file_.chunks ? file_.offset(other) : 0;
                parcel.length = other < file_.chunks ? file_.length(other) : 0;
                parcel.corrupt = true;
                break;
            default:
                parcel.corrupt = true;
        }
    }

    // ---- what arrives ----

    void arrive(Peer& source, Parcel const& parcel) {
        auto const verdict =
            core_->on_chunk(now_, source.id, parcel.chunk, parcel.offset, parcel.length);
        rules_->arrived(source.id, parcel, verdict);
        must(verdict != Download::Verdict::lie || lies(source.kind),
             "an honest source is never banned");
        if (verdict != Download::Verdict::take) {
            return;
        }
        auto const writing_takes = dice_.chance(30) ? 0 : dice_.number(0, 50'000);
        at(now_ + std::chrono::microseconds(writing_takes),
           [this, &source, parcel] { written(source, parcel); });
    }

    void written(Peer& source, Parcel const& parcel) {
        rules_->written(now_, source.id, parcel);
        if (parcel.corrupt) {
            must(lies(source.kind), "an honest source is never banned");
            core_->on_checked(now_, source.id, parcel.chunk, Download::Check::corrupt);
        } else {
            core_->on_checked(now_, source.id, parcel.chunk, Download::Check::stored);
        }
    }

    void finish() {
        obey();
        bool const promised = std::ranges::any_of(peers_, [&](Peer const& each) {
            return good(each.kind) && (each.known || quick_searches_);
        });
        rules_->ended(*core_, now_, promised);
    }

    struct Event {
        wire::Time when;
        std::uint64_t number = 0;
        std::function<void()> happen;

        bool operator<(Event const& other) const {  // the earliest is on top
            return std::tie(other.when, other.number) < std::tie(when, number);
        }
    };

    Dice dice_;
    wire::Time now_;
    wire::Time begun_;
    Download::File file_;
    Download::Limits limits_;
    std::vector<Peer> peers_;
    std::unique_ptr<policies::PeerSelector> policy_;
    std::unique_ptr<Ranks> order_;
    std::unique_ptr<ContentState> content_;
    std::unique_ptr<Download> core_;
    std::unique_ptr<DownloadRules> rules_;
    std::priority_queue<Event> events_;
    std::uint64_t event_count_ = 0;
    bool quick_searches_ = true;
    bool searching_ = false;
};

}  // namespace

TEST_CASE("whatever sources do, a download keeps its rules and ends as it should") {
    for_each_seed(6000, [](std::uint64_t seed) { Simulation(seed).run(); });
}
