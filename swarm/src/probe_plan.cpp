#include <xfsbus/swarm/probe_plan.hpp>

#include <algorithm>

namespace xfsbus::swarm {
namespace {

constexpr auto promises = [](auto state) {
    using State = decltype(state);
    return state == State::asked || state == State::answered ? std::size_t{1} : std::size_t{0};
};

constexpr auto answers = [](auto state) {
    return state == decltype(state)::answered ? std::size_t{1} : std::size_t{0};
};

}  // namespace

void ProbePlan::add_file(std::vector<wire::Endpoint> const& sources) {
    auto const number = files_.size();
    auto& file = files_.emplace_back();
    for (auto const& endpoint : sources) {
        if (file.sources.size() == of_a_file_most) {
            break;
        }
        auto const [entry, added] = numbers_.try_emplace(endpoint, sources_.size());
        if (added) {
            sources_.push_back({.endpoint = endpoint});
        }
        auto& source = sources_[entry->second];
        source.files.push_back(number);
        file.sources.push_back(entry->second);
        file.promises += promises(source.state);
        file.answered += answers(source.state);
    }
    take_turn(number);
}

/// The files take turns, so that each has some early.
std::optional<wire::Endpoint> ProbePlan::next() {
    if (stopped_ || full_ || waiting_ + closing_ >= at_once_most) {
        return std::nullopt;
    }
    while (!turns_.empty()) {
        auto const number = turns_.front();
        turns_.pop_front();
        auto& file = files_[number];
        file.in_turn = false;
        if (!needs_more(file)) {
            continue;
        }
        auto& source = sources_[file.sources[file.next++]];
        set(source, State::asked);
        ++waiting_;
        take_turn(number);
        return source.endpoint;
    }
    return std::nullopt;
}

bool ProbePlan::over() {
    while (!turns_.empty() && !needs_more(files_[turns_.front()])) {
        files_[turns_.front()].in_turn = false;
        turns_.pop_front();
    }
    if (waiting_ > 0) {
        return false;
    }
    return stopped_ || turns_.empty() || (full_ && closing_ == 0 && all_have_one());
}

bool ProbePlan::all_have_one() const {
    return std::ranges::all_of(files_, [](File const& file) {
        return file.answered > 0 || (file.promises == 0 && file.next == file.sources.size());
    });
}

/// If so, the next of its sources is unasked.
bool ProbePlan::needs_more(File& file) const {
    while (file.next < file.sources.size() &&
           sources_[file.sources[file.next]].state != State::unasked) {
        ++file.next;
    }
    return file.promises < enough_ && file.next < file.sources.size();
}

void ProbePlan::take_turn(std::size_t file) {
    if (!files_[file].in_turn) {
        files_[file].in_turn = true;
        turns_.push_back(file);
    }
}

void ProbePlan::on_result(wire::Endpoint const& endpoint, bool answered) {
    auto const found = numbers_.find(endpoint);
    if (found == numbers_.end()) {
        return;
    }
    auto& source = sources_[found->second];
    waiting_ -= source.state == State::asked ? 1 : 0;
    set(source, answered ? State::answered : State::silent);
    full_ = false;
    if (!answered) {
        for (auto const file : source.files) {
            take_turn(file);
        }
    }
}

void ProbePlan::on_no_room(wire::Endpoint const& endpoint) {
    auto const number = numbers_.at(endpoint);
    auto& source = sources_[number];
    --waiting_;
    set(source, State::unasked);
    for (auto const of : source.files) {
        auto& file = files_[of];
        auto const place = std::ranges::find(file.sources, number) - file.sources.begin();
        file.next = std::min(file.next, static_cast<std::size_t>(place));
        take_turn(of);
    }
    full_ = true;
}

void ProbePlan::set(Source& source, State state) {
    for (auto const file : source.files) {
        files_[file].promises += promises(state);
        files_[file].promises -= promises(source.state);
        files_[file].answered += answers(state);
        files_[file].answered -= answers(source.state);
    }
    source.state = state;
}

}  // namespace xfsbus::swarm
