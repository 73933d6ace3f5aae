#include <xfsbus/swarm/push_plan.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <algorithm>

namespace xfsbus::swarm {
namespace {

PushPlan::State state_of(wire::PushState state) {
    switch (state) {
        case wire::PushState::waiting:
            return PushPlan::State::waiting;
        case wire::PushState::fetching:
            return PushPlan::State::fetching;
        case wire::PushState::there:
            return PushPlan::State::there;
        case wire::PushState::refused:
            return PushPlan::State::refused;
        default:
            return PushPlan::State::failed;
    }
}

/// Cut between two characters.
std::string shortened(std::string const& reason) {
    auto end = std::min(reason.size(), PushPlan::reason_bytes);
    while (end > 0 && end < reason.size() &&
           (static_cast<unsigned char>(reason[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return reason.substr(0, end);
}

}  // namespace

PushPlan::PushPlan(Options options)
    : options_(std::move(options)),
      rows_(options_.files.size()),
      wanted_(options_.number ? options_.files.size() : 0) {}

// ---- who is there ----

std::size_t PushPlan::lanes_most() const {
    auto const files = std::max<std::size_t>(options_.files.size(), 1);
    return std::min(peers_most, pairs_most / files);
}

bool PushPlan::on_look(wire::Time now, std::vector<wire::Endpoint> const& peers) {
    for (auto& lane : lanes_) {
        lane.peer.listed = false;
    }
    left_out_ = 0;
    bool news = false;
    for (auto const& peer : peers) {
        if (auto const known = numbers_.find(peer); known != numbers_.end()) {
            lanes_[known->second].peer.listed = true;
        } else if (lanes_.size() < lanes_most()) {
            news = add_lane(peer) || news;
        } else {
            ++left_out_;
        }
    }
    begin_some(now);
    return news;
}

bool PushPlan::add_lane(wire::Endpoint const& peer) {
    auto const lane = lanes_.size();
    lanes_.push_back({{peer}});
    numbers_[peer] = lane;
    if (!options_.number) {
        ready_.push_back(lane);
        return true;
    }
    for (std::size_t file = 0; file < wanted_.size(); ++file) {
        auto& spare = wanted_[file].spare;
        bool const holds = options_.files[file].holders.contains(peer);
        holds ? spare.push_front(lane) : spare.push_back(lane);
    }
    return true;
}

// ---- what is begun ----

void PushPlan::begin_some(wire::Time now) {
    while (!ready_.empty() && pairs_.size() < open_most) {
        auto const lane = ready_.front();
        ready_.pop_front();
        begin_files(now, lane);
    }
    std::size_t under_way = 0;
    for (std::size_t file = 0; file < wanted_.size() && under_way < files_at_once; ++file) {
        begin_peers(now, file);
        under_way += file_over(file) ? 0 : 1;
    }
}

/// All that a peer lacks, a few files at a time.
void PushPlan::begin_files(wire::Time now, std::size_t lane) {
    while (lanes_[lane].next_file < options_.files.size() &&
           lanes_[lane].open.size() < files_at_once) {
        begin(now, lane, lanes_[lane].next_file++);
    }
}

/// As many peers as are to have the file, and those that make good the ones that are away.
void PushPlan::begin_peers(wire::Time now, std::size_t file) {
    auto& spare = wanted_[file].spare;
    while (!spare.empty() && wants_more(file) && pairs_.size() < open_most) {
        auto const lane = spare.front();
        spare.pop_front();
        begin(now, lane, file);
    }
}

bool PushPlan::wants_more(std::size_t file) const {
    auto const& wanted = wanted_[file];
    return wanted.there + wanted.hopeful < *options_.number;
}

void PushPlan::begin(wire::Time now, std::size_t lane, std::size_t file) {
    asked_any_ = true;
    auto const& given_up = lanes_[lane].given_up;
    auto const state = given_up ? State::failed : State::asking;
    rows_[file].push_back({lane, state, 0, now, now, given_up.value_or("")});
    if (given_up) {
        return;
    }
    auto const id = ++last_pair_;
    Pair pair;
    pair.lane = lane;
    pair.file = file;
    pair.row = rows_[file].size() - 1;
    pair.moved = now;
    lanes_[lane].open.push_back(id);
    if (options_.number) {
        ++wanted_[file].hopeful;
        ++wanted_[file].open;
    }
    ask_at(pairs_.emplace(id, pair).first, now);
}

// ---- questions ----

void PushPlan::ask_at(Pairs::iterator pair, wire::Time due) {
    pair->second.due = due;
    due_.emplace(due, pair->first);
}

std::optional<PushPlan::Ask> PushPlan::next(wire::Time now) {
    if (due_.empty() || due_.begin()->first > now) {
        return std::nullopt;
    }
    auto const id = due_.begin()->second;
    due_.erase(due_.begin());
    auto& pair = pairs_.at(id);
    pair.asked = now;
    return Ask{id, pair.lane, pair.file, pair.confirm};
}

std::optional<wire::Time> PushPlan::next_deadline() const {
    return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

void PushPlan::on_no_room(wire::Time now, Ask const& ask) {
    if (auto const pair = pairs_.find(ask.pair); pair != pairs_.end()) {
        ask_at(pair, std::min(pair->second.due, now));  // it keeps its place in the line
    }
}

/// Nothing, if the pair is over.
void PushPlan::on_answer(wire::Time now, Ask const& ask, Answer const& answer) {
    auto const pair = pairs_.find(ask.pair);
    if (pair == pairs_.end()) {
        return;
    }
    if (!std::holds_alternative<Silence>(answer)) {
        row_of(pair->second).until = now;
        row_of(pair->second).reason.clear();
        on_return(now, pair->second);
    }
    std::visit([&](auto const& what) { on(now, pair, what); }, answer);
}

/// It may have lost what it had, and begins anew.
void PushPlan::on_return(wire::Time now, Pair& pair) {
    auto& lane = lanes_[pair.lane];
    lane.away_since.reset();
    if (!std::exchange(pair.away, false)) {
        return;
    }
    if (lane.returns < returns_most) {
        ++lane.returns;
        pair.mark = 0;
        pair.moved = now;
    }
    if (options_.number) {
        ++wanted_[pair.file].hopeful;
    }
}

wire::Duration PushPlan::poll_after(bool first) const {
    auto const open = static_cast<std::int64_t>(pairs_.size());
    auto const every =
        std::clamp<wire::Duration>(open * wire::Duration(poll_each), poll_least, poll_most);
    return first ? every / 5 : every;
}

void PushPlan::on(wire::Time now, Pairs::iterator pair, wire::Pushed const& pushed) {
    auto& row = row_of(pair->second);
    bool const first = row.state == State::asking;
    auto const state = state_of(pushed.state);
    note_bytes(now, pair->second, pushed.bytes);
    if (state == State::failed || state == State::refused) {
        return close(now, pair, state, pushed.reason);
    }
    if (give_up_stalled(now, pair)) {
        return;
    }
    if (state == State::there) {
        pair->second.confirm = true;
        return ask_at(pair, pair->second.due);  // over the same connection, if it can be
    }
    row.state = state;
    ask_at(pair, now + poll_after(first));
}

/// What is less than a chunk is no progress: who would count bytes could go on for ever.
void PushPlan::note_bytes(wire::Time now, Pair& pair, std::uint64_t bytes) {
    auto const size = options_.files[pair.file].size;
    auto& row = row_of(pair);
    row.bytes = std::min(bytes, size);
    if (row.bytes >= pair.mark + wire::chunk_size_for(size)) {
        pair.mark = row.bytes;
        pair.moved = now;
    }
}

bool PushPlan::give_up_stalled(wire::Time now, Pairs::iterator pair) {
    if (now - pair->second.moved < stalled_most) {
        return false;
    }
    auto const minutes = std::chrono::duration_cast<std::chrono::minutes>(stalled_most).count();
    close(now, pair, State::failed, "got no further for " + std::to_string(minutes) + " minutes");
    return true;
}

void PushPlan::on(wire::Time now, Pairs::iterator pair, Held const& held) {
    if (held.have_ppm == wire::complete_ppm) {
        row_of(pair->second).bytes = options_.files[pair->second.file].size;
        return close(now, pair, State::there, {});
    }
    doubt(now, pair,
          held.have_ppm ? "it says that the file is there, and that it does not have this content"
                        : "it says that the file is there, and does not confirm it");
}

/// It may have come to an end just now, or be asked for too much: it is asked again.
void PushPlan::doubt(wire::Time now, Pairs::iterator pair, char const* what) {
    if (++pair->second.doubts >= doubts_most) {
        return close(now, pair, State::failed, what);
    }
    pair->second.confirm = false;
    ask_at(pair, now + again_every);
}

void PushPlan::on(wire::Time now, Pairs::iterator pair, Refusal const& refusal) {
    close(now, pair, State::refused, refusal.reason);
}

void PushPlan::on(wire::Time now, Pairs::iterator pair, Failure const& failure) {
    close(now, pair, State::failed, failure.reason);
}

void PushPlan::on(wire::Time now, Pairs::iterator pair, Silence const& silence) {
    auto& lane = lanes_[pair->second.lane];
    lane.away_since = std::min(lane.away_since.value_or(now), pair->second.asked);
    if (now - *lane.away_since >= options_.patience) {
        return give_up(now, pair->second.lane, silence.reason);
    }
    if (give_up_stalled(now, pair)) {
        return;
    }
    auto& row = row_of(pair->second);
    row.until = now;
    row.state = State::asking;
    row.reason = shortened(silence.reason);
    pair->second.confirm = false;
    bool const was_away = std::exchange(pair->second.away, true);
    ask_at(pair, now + again_every);
    if (options_.number && !was_away) {
        --wanted_[pair->second.file].hopeful;
        begin_some(now);
    }
}

// ---- ends ----

void PushPlan::give_up(wire::Time now, std::size_t lane, std::string const& reason) {
    lanes_[lane].given_up = shortened(reason);
    auto const open = lanes_[lane].open;
    for (auto const id : open) {
        if (auto const pair = pairs_.find(id); pair != pairs_.end()) {
            close(now, pair, State::failed, reason);
        }
    }
}

void PushPlan::close(wire::Time now, Pairs::iterator pair, State state, std::string const& reason) {
    auto const file = pair->second.file;
    end(now, pair, state, reason);
    if (options_.number && wanted_[file].there >= *options_.number) {
        end_away(now, file);
    }
    begin_some(now);
}

void PushPlan::end(wire::Time now, Pairs::iterator pair, State state, std::string const& reason) {
    auto const [id, was] = *pair;
    auto& row = row_of(was);
    row.state = state;
    row.until = now;
    row.reason = shortened(reason);
    due_.erase({was.due, id});
    pairs_.erase(pair);
    std::erase(lanes_[was.lane].open, id);
    if (!options_.number) {
        ready_.push_back(was.lane);
        return;
    }
    auto& wanted = wanted_[was.file];
    --wanted.open;
    wanted.hopeful -= was.away ? 0 : 1;
    wanted.there += state == State::there ? 1 : 0;
}

/// Once others have it nobody waits for those that are away.
void PushPlan::end_away(wire::Time now, std::size_t file) {
    for (auto pair = pairs_.begin(); pair != pairs_.end();) {
        auto const at = pair++;
        if (at->second.file == file && at->second.away) {
            end(now, at, State::failed, row_of(at->second).reason);
        }
    }
}

bool PushPlan::idle() const {
    return pairs_.empty() && ready_.empty();
}

bool PushPlan::satisfied() const {
    return options_.number && pairs_.empty() &&
           std::ranges::all_of(
               wanted_, [this](auto const& wanted) { return wanted.there >= *options_.number; });
}

bool PushPlan::file_over(std::size_t file) const {
    if (!options_.number) {
        return std::ranges::none_of(rows_[file],
                                    [](auto const& row) { return row.state < State::there; }) &&
               rows_[file].size() == lanes_.size();
    }
    auto const& wanted = wanted_[file];
    return wanted.open == 0 && (!wants_more(file) || wanted.spare.empty());
}

}  // namespace xfsbus::swarm
