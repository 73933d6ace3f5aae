#include "seeds.hpp"

#include <xfsbus/swarm/uploads.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;
using namespace std::chrono_literals;
using wire::ErrorCode;

namespace {

/// A chunk that is waited for.
struct Waiting {
    std::uint32_t chunk = 0;
    wire::Time since{};
};

/// What the rules say, without deciding whose turn it is.
struct ModelTransfer {
    std::string route;
    wire::Endpoint sink;
    wire::ContentId content;
    wire::FileLayout about;
    std::uint64_t credit = 0;
    std::uint64_t granted = 0;
    std::deque<Waiting> queue;
    std::set<std::uint32_t> has;  ///< what the sink has, as it said or as it was sent
    std::uint64_t before = 0;     ///< the last piece before it was opened
};

/// A content that is or was here.
struct ModelContent {
    std::shared_ptr<ContentState> here;
    std::map<std::uint32_t, std::uint32_t> copies;  ///< that left since there are sinks of it
};

class Run {
  public:
    explicit Run(std::uint64_t seed) : dice_(seed), offers_(seed), core_(limits(), seed, offers_) {
        now_ = wire::Time(std::chrono::seconds(dice_.number(100, 1'000'000)));
        for (std::uint64_t number = 0; number < 5; ++number) {
            auto here = ChunkSet::full(about(number).chunks);
            for (std::uint32_t chunk = 1; chunk < about(number).chunks; ++chunk) {
                if (dice_.chance(20)) {
                    here.erase(chunk);
                }
            }
            contents_[content(number)].here =
                std::make_shared<ContentState>(content(number), about(number), std::move(here));
        }
    }

    void step() {
        switch (dice_.number(0, 10)) {
            case 0:
            case 1:
            case 2:
                want();
                break;
            case 3:
            case 4:
            case 5:
                next();
                break;
            case 6:
            case 7:
                finish_piece();
                break;
            case 8:
                end_something();
                break;
            case 9:
                tell_something();
                break;
            default:
                pass();
        }
        check();
    }

    /// Everybody goes away: nothing stays.
    void finish() {
        while (!transfers_.empty()) {
            auto const id = transfers_.begin()->first;
            core_.on_word(now_, transfers_.begin()->second.route, Uploads::Closed{id});
            end(id);
            check();
        }
        while (!ahead_.empty()) {
            finish_piece();
        }
        must(core_.table().transfers.size() == 0, "at the end there is no load");
        must(core_.table().routes().empty(), "nobody's silence is waited for");
        for (std::uint16_t number = 0; number < 4; ++number) {
            must(!core_.table().serves(sink(number)), "no sink is served");
        }
        // All of its memory is free again: one sink can have what it could have at first.
        ModelTransfer const all{"r", sink(0), content(0), about(0), 100'000, 0, {}, {}, 0};
        must(!send_want(transfer(0), all, {0}), "all begins anew");
        std::size_t pieces = 0;
        while (core_.next(now_)) {
            ++pieces;
            must(!send_want(transfer(0), all, {0}), "what was sent may be asked for again");
        }
        must(pieces == fresh_pieces(), "what was read ahead is free again");
    }

  private:
    Uploads::Limits limits() {
        limits_.transfers_most = dice_.number(1, 8);
        limits_.transfers_per_route = dice_.number(1, 5);
        limits_.data_ports_per_route = dice_.number(1, 4);
        limits_.queued_chunks_most = dice_.number(2, 6);
        limits_.queued_chunks_per_route = dice_.number(4, 10);
        limits_.ahead_bytes_per_sink = dice_.number(50, 500);
        limits_.ahead_chunks_per_sink = dice_.number(1, 5);
        limits_.ahead_bytes = dice_.number(50, 1500);
        limits_.ahead_chunks_least = dice_.number(1, 3);
        limits_.ahead_time = 24h;
        limits_.idle_most = 10s;
        limits_.stuck_most = 24h;
        limits_.stuck_most_crowded = 24h;
        return limits_;
    }

    static wire::TransferId transfer(std::uint64_t number) {
        wire::TransferId id;
        id.bytes[15] = static_cast<std::uint8_t>(number);
        return id;
    }

    static wire::Endpoint sink(std::uint64_t number) {
        return {"s", static_cast<std::uint16_t>(number)};
    }

    static wire::ContentId content(std::uint64_t number) {
        wire::ContentId id;
        id.bytes[0] = static_cast<std::uint8_t>(number);
        return id;
    }

    /// Contents of 1 to 4 chunks of different sizes, and an empty one.
    static wire::FileLayout about(std::uint64_t number) {
        auto const chunks = static_cast<std::uint32_t>((number + 1) % 5);
        auto const chunk_bytes = static_cast<std::uint32_t>(40 + 70 * number);
        auto const bytes = chunks == 0 ? 0 : std::uint64_t{chunks} * chunk_bytes - number;
        return {bytes, chunk_bytes, chunks};
    }

    static std::uint32_t length(wire::FileLayout const& about, std::uint32_t chunk) {
        auto const [bytes, chunk_bytes, chunks] = about;
        auto const offset = std::uint64_t{chunk} * chunk_bytes;
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(chunk_bytes, bytes - offset));
    }

    std::size_t fresh_pieces() const {
        std::uint64_t const size = length(about(0), 0);
        auto const fits = [&](std::size_t pieces) {
            bool const few = pieces < limits_.ahead_chunks_least;
            bool const sink = pieces < limits_.ahead_chunks_per_sink &&
                              (pieces + 1) * size <= limits_.ahead_bytes_per_sink;
            return pieces * size < limits_.ahead_bytes && (few || (sink && rate_known_));
        };
        std::size_t pieces = 1;
        while (fits(pieces)) {
            ++pieces;
        }
        return pieces;
    }

    std::optional<ErrorCode> send_want(wire::TransferId const& id, ModelTransfer const& wish,
                                       std::vector<std::uint32_t> const& chunks, bool here = true) {
        auto const taken = core_.on_want(
            now_, wish.route, wish.sink,
            {id, wish.content, wish.sink.port, wish.credit, chunks, dice_.chance(50), 0},
            here ? contents_.at(wish.content).here : nullptr);
        gave_way_ = taken.ended;
        auto const& refused = taken.refused;
        must(!refused || refused->transfer == id, "a refusal is about its transfer");
        return refused ? std::optional(refused->code) : std::nullopt;
    }

    void want() {
        auto const id = transfer(dice_.number(0, 9));
        auto const which = dice_.number(0, 4);
        ModelTransfer wish{std::string(1, static_cast<char>('a' + dice_.number(0, 3))),
                           sink(dice_.number(0, 3)),
                           content(which),
                           about(which),
                           dice_.number(0, 2000),
                           0,
                           {},
                           {},
                           0};
        auto const known = transfers_.find(id);
        if (known != transfers_.end() && dice_.chance(80)) {  // mostly one that goes on
            wish.route = known->second.route;
            wish.sink = known->second.sink;
            wish.content = known->second.content;
            wish.about = known->second.about;
        }
        std::vector<std::uint32_t> chunks;
        for (auto left = dice_.number(0, 5); left > 0; --left) {
            auto const most =
                wish.about.chunks == 0 || dice_.chance(2) ? 1000 : wish.about.chunks - 1;
            chunks.push_back(static_cast<std::uint32_t>(dice_.number(0, most)));
        }
        bool const here = dice_.chance(95);
        auto const refused = send_want(id, wish, chunks, here);
        for (auto const& notice : gave_way_) {
            must(transfers_.size() >= limits_.transfers_most, "nobody gives way without need");
            must(notice.refused.code == ErrorCode::busy, "who gives way may come back");
            must(notice.route == transfers_.at(notice.refused.transfer).route,
                 "and is told over its own connection");
            must(does_nothing(notice.refused.transfer), "who does something does not give way");
            end(notice.refused.transfer);
        }
        must(refused == apply(id, wish, chunks, here), "a Want is taken or refused by rule");
    }

    std::optional<ErrorCode> apply(wire::TransferId const& id, ModelTransfer const& wish,
                                   std::vector<std::uint32_t> const& chunks, bool here) {
        if (auto const line = heard_.find(wish.route); line != heard_.end()) {
            line->second = now_;
        }
        auto known = transfers_.find(id);
        if (known == transfers_.end()) {
            if (!here) {
                return ErrorCode::not_found;
            }
            if (exceeds_route(wish)) {
                return ErrorCode::limit;
            }
            if (transfers_.size() >= limits_.transfers_most) {
                return ErrorCode::busy;
            }
            known = transfers_.emplace(id, wish).first;
            known->second.credit = 0;
            known->second.before = pieces_;
            heard_[wish.route] = now_;
        }
        ModelTransfer& model = known->second;
        if (model.route != wish.route) {
            return ErrorCode::bad_message;
        }
        if (model.sink != wish.sink || model.content != wish.content) {
            end(id);
            return ErrorCode::bad_message;
        }
        bool const beyond =
            std::ranges::any_of(chunks, [&](auto chunk) { return chunk >= model.about.chunks; });
        auto const& there = contents_.at(model.content).here->has();
        bool const missing =
            std::ranges::any_of(chunks, [&](auto chunk) { return !there.contains(chunk); });
        if (beyond || missing) {
            end(id);
            return beyond ? ErrorCode::bad_message : ErrorCode::not_found;
        }
        model.credit = std::max(model.credit, wish.credit);
        for (auto const chunk : chunks) {
            if (std::ranges::find(model.queue, chunk, &Waiting::chunk) != model.queue.end()) {
                continue;
            }
            if (model.queue.size() >= limits_.queued_chunks_most ||
                queued_over(model.route) >= limits_.queued_chunks_per_route) {
                end(id);
                return ErrorCode::limit;
            }
            model.queue.push_back({chunk, now_});
        }
        return std::nullopt;
    }

    /// Whether a new transfer is more than its connection may have.
    bool exceeds_route(ModelTransfer const& wish) const {
        std::size_t count = 0;
        std::set<wire::Endpoint> sinks;
        for (auto const& [id, model] : transfers_) {
            if (model.route == wish.route) {
                ++count;
                sinks.insert(model.sink);
            }
        }
        bool const is_new = !sinks.contains(wish.sink);
        return count >= limits_.transfers_per_route ||
               (is_new && sinks.size() >= limits_.data_ports_per_route);
    }

    std::size_t queued_over(std::string const& route) const {
        std::size_t queued = 0;
        for (auto const& [id, model] : transfers_) {
            queued += model.route == route ? model.queue.size() : 0;
        }
        return queued;
    }

    /// Nothing of it is on its way, and its credit covers nothing that it asks for.
    bool does_nothing(wire::TransferId const& id) {
        auto const& model = transfers_.at(id);
        bool const moves = std::ranges::any_of(
            ahead_, [&](Uploads::Piece const& piece) { return is_of(piece, model, id); });
        return !moves && std::ranges::none_of(model.queue, [&](Waiting const& waiting) {
            return covers(model, waiting.chunk);
        });
    }

    static bool is_of(Uploads::Piece const& piece, ModelTransfer const& model,
                      wire::TransferId const& id) {
        return piece.transfer == id && piece.number > model.before;
    }

    static bool covers(ModelTransfer const& model, std::uint32_t chunk) {
        return model.granted + length(model.about, chunk) <= model.credit;
    }

    std::uint32_t copies(ModelTransfer const& model, std::uint32_t chunk) {
        return contents_.at(model.content).copies[chunk];
    }

    /// The first of those that have left least often, of those that credit covers.
    std::deque<Waiting>::iterator rarest_of(ModelTransfer& model) {
        return std::ranges::min_element(model.queue, {}, [&](Waiting const& waiting) {
            return std::pair(!covers(model, waiting.chunk), copies(model, waiting.chunk));
        });
    }

    /// With nothing that has never left, the one that was asked for first may have waited for too
    /// long: not before starve_most, and later where chunks take long.
    std::deque<Waiting>::iterator first_of(ModelTransfer& model, std::uint32_t chunk) {
        auto const rarest = rarest_of(model);
        auto const oldest = std::ranges::find_if(
            model.queue, [&](Waiting const& waiting) { return covers(model, waiting.chunk); });
        must(oldest != model.queue.end(), "credit covers something");
        bool const may_starve =
            now_ - oldest->since >= limits_.starve_most && copies(model, rarest->chunk) > 0;
        return may_starve && oldest->chunk == chunk ? oldest : rarest;
    }

    void next() {
        auto const piece = core_.next(now_);
        if (!piece) {
            return check_nothing_to_do();
        }
        must(ahead_.empty() || ahead_bytes() < limits_.ahead_bytes, "the bound for all holds");
        std::uint64_t bytes = piece->length;
        std::size_t chunks = 1;
        for (auto const& other : ahead_) {
            bool const same = other.sink == piece->sink && other.route == piece->route;
            bytes += same ? other.length : 0;
            chunks += same ? 1 : 0;
        }
        must(chunks <= limits_.ahead_chunks_least ||
                 (bytes <= limits_.ahead_bytes_per_sink && chunks <= limits_.ahead_chunks_per_sink),
             "the bounds of a sink hold");
        ModelTransfer& model = transfers_.at(piece->transfer);
        must(!model.queue.empty(), "something was asked for");
        auto const first = first_of(model, piece->chunk);
        must(first->chunk == piece->chunk, "it is the next chunk by rule");
        must(piece->sink == model.sink, "to its sink");
        must(piece->length == length(model.about, piece->chunk), "of its length");
        must(piece->offset == std::uint64_t{piece->chunk} * model.about.chunk_bytes,
             "of its place");
        model.queue.erase(first);
        ++contents_.at(model.content).copies[piece->chunk];
        model.has.insert(piece->chunk);
        model.granted += piece->length;
        must(model.granted <= model.credit, "credit covers it");
        ahead_.push_back(*piece);
        pieces_ = piece->number;
    }

    std::uint64_t ahead_bytes() const {
        std::uint64_t bytes = 0;
        for (auto const& piece : ahead_) {
            bytes += piece.length;
        }
        return bytes;
    }

    /// Nobody who could be served waits.
    void check_nothing_to_do() {
        bool const full = ahead_bytes() >= limits_.ahead_bytes;
        if (full || (!rate_known_ && ahead_.size() >= limits_.ahead_chunks_least)) {
            return;
        }
        for (auto& [id, model] : transfers_) {
            bool const reads = std::ranges::none_of(ahead_, [&model = model](auto const& piece) {
                return piece.sink == model.sink && piece.route == model.route;
            });
            bool const credit = std::ranges::any_of(
                model.queue, [&](Waiting const& waiting) { return covers(model, waiting.chunk); });
            must(!reads || !credit, "who has credit and reads is served");
        }
    }

    void finish_piece() {
        if (ahead_.empty()) {
            return;
        }
        auto const at =
            ahead_.begin() + static_cast<std::ptrdiff_t>(dice_.number(0, ahead_.size() - 1));
        auto const piece = *at;
        ahead_.erase(at);
        rate_known_ = true;
        if (dice_.chance(90)) {
            core_.on_done(now_, piece);
            return;
        }
        auto const model = transfers_.find(piece.transfer);
        auto const notice = core_.on_done(now_, piece, Uploads::Unread{ErrorCode::gone, "gone"});
        bool const open = model != transfers_.end() && is_of(piece, model->second, piece.transfer);
        must(notice.has_value() == open, "who still waits is told");
        if (notice) {
            must(notice->route == model->second.route, "over its own connection");
            end(piece.transfer);
        }
    }

    void end_something() {
        if (dice_.chance(70)) {
            auto const id = transfer(dice_.number(0, 9));
            auto const known = transfers_.find(id);
            std::string const route(1, static_cast<char>('a' + dice_.number(0, 3)));
            core_.on_word(now_, route, Uploads::Closed{id});
            if (known != transfers_.end() && known->second.route == route) {
                end(id);
            }
            return;
        }
        std::string const route(1, static_cast<char>('a' + dice_.number(0, 3)));
        core_.on_word(now_, route, Uploads::Gone{});
        end_route(route);
    }

    /// A sink or the file gains something, or a file is not here any more.
    void tell_something() {
        auto const which = dice_.number(0, 4);
        auto& of = contents_.at(content(which));
        auto const chunk = static_cast<std::uint32_t>(dice_.number(0, 5));
        if (dice_.chance(10)) {
            auto const told = core_.on_withdrawn(content(which), "gone").size();
            std::vector<wire::TransferId> ended;
            for (auto const& [id, model] : transfers_) {
                if (model.content == content(which)) {
                    ended.push_back(id);
                }
            }
            must(told == ended.size(), "all transfers of what is gone are told");
            std::ranges::for_each(ended, [this](auto const& id) { end(id); });
        } else if (dice_.chance(30) && chunk < about(which).chunks) {
            if (of.here->gained(chunk)) {
                offers_.gained(content(which), chunk);
            }
        } else if (!transfers_.empty()) {
            sink_gains(transfers_.begin()->first, chunk);
        }
    }

    void sink_gains(wire::TransferId const& id, std::uint32_t chunk) {
        auto& model = transfers_.at(id);
        wire::Have have;
        have.transfer = id;
        have.chunks = {chunk};
        core_.on_word(now_, model.route, have);
        if (chunk < model.about.chunks && model.has.insert(chunk).second) {
            ++contents_.at(model.content).copies[chunk];
        }
        std::erase_if(model.queue,
                      [chunk](Waiting const& waiting) { return waiting.chunk == chunk; });
    }

    void pass() {
        now_ += std::chrono::milliseconds(dice_.number(0, 6000));
        for (char route = 'a'; route <= 'd'; ++route) {
            if (dice_.chance(40)) {
                core_.on_word(now_, std::string(1, route), Uploads::Heard{});
                if (heard_.contains(std::string(1, route))) {
                    heard_[std::string(1, route)] = now_;
                }
            }
        }
        std::size_t told = 0;
        for (auto const& [route, heard] : std::map(heard_)) {
            if (now_ - heard >= limits_.idle_most) {
                told += end_route(route);
            }
        }
        must(core_.on_tick(now_).size() == told, "all transfers of silent sinks are told");
    }

    std::size_t end_route(std::string const& route) {
        heard_.erase(route);
        auto const ended = std::erase_if(
            transfers_, [&](auto const& entry) { return entry.second.route == route; });
        forget_copies();
        return ended;
    }

    /// What left counts as long as somebody fetches the content.
    void forget_copies() {
        for (auto& [id, of] : contents_) {
            auto const is_of = [&id = id](auto const& entry) { return entry.second.content == id; };
            if (std::ranges::none_of(transfers_, is_of)) {
                of.copies.clear();
            }
        }
    }

    void end(wire::TransferId const& id) {
        auto const found = transfers_.find(id);
        if (found == transfers_.end()) {
            return;
        }
        auto const route = found->second.route;
        transfers_.erase(found);
        forget_copies();
        if (std::ranges::none_of(transfers_,
                                 [&](auto const& entry) { return entry.second.route == route; })) {
            heard_.erase(route);
        }
    }

    void check() const {
        must(core_.table().transfers.size() == transfers_.size(),
             "the load is the number of transfers");
        for (auto const& [id, model] : transfers_) {
            auto const* transfer = core_.table().find(id);
            must(transfer != nullptr && transfer->credit == model.credit &&
                     transfer->granted == model.granted &&
                     std::ranges::equal(transfer->queue, model.queue, {}, &Uploads::Queued::chunk,
                                        &Waiting::chunk),
                 "a transfer is as the model says");
            must(core_.table().serves(model.sink), "its sink is served");
        }
    }

    Dice dice_;
    Uploads::Limits limits_;
    SwarmOffers offers_;
    Uploads core_;
    wire::Time now_;
    std::map<wire::TransferId, ModelTransfer> transfers_;
    std::map<std::string, wire::Time> heard_;  ///< routes that have transfers
    std::map<wire::ContentId, ModelContent> contents_;
    std::vector<Uploads::Piece> ahead_;
    std::vector<Uploads::Notice> gave_way_;  ///< to the last Want
    std::uint64_t pieces_ = 0;
    bool rate_known_ = false;
};

}  // namespace

TEST_CASE("whatever sinks do, uploads keep their bounds and nothing stays behind") {
    for_each_seed(3000, [](std::uint64_t seed) {
        Run run(seed);
        for (int step = 0; step < 100; ++step) {
            run.step();
        }
        run.finish();
    });
}
