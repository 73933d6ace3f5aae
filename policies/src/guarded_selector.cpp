#include <xfsbus/policies/answers.hpp>
#include <xfsbus/policies/host/guarded_selector.hpp>

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace xfsbus::policies {
namespace {

std::string in_words(Answer const& answer) {
    return "action " + std::to_string(answer.action) + ", source " + std::to_string(answer.source) +
           ", gives_way " + std::to_string(answer.gives_way);
}

/// Whether one source alone may be answered; with REPLACE, to come in.
bool has_one_candidate(RequestView const& request, std::span<SourceView const> sources) {
    bool const comes_in = request.purpose == XFSBUS_PURPOSE_REPLACE;
    std::size_t count = 0;
    for (auto const& source : sources) {
        bool const out = comes_in && has(source, XFSBUS_SOURCE_IN_USE);
        count += has(source, XFSBUS_SOURCE_ANSWERABLE) && !out ? 1 : 0;
    }
    return count == 1;
}

}  // namespace

GuardedSelector::GuardedSelector(std::string name, std::unique_ptr<PeerSelector> policy,
                                 std::uint64_t seed, GuardOptions options)
    : policy_(std::move(policy)),
      random_(seed),
      recorder_(options.recorder),
      guard_(std::move(name), std::move(options)),
      decides_(policy_->decides()) {}

GuardedSelector::GuardedSelector(std::string name, Make const& make, std::uint64_t seed,
                                 GuardOptions options)
    : random_(seed), recorder_(options.recorder), guard_(std::move(name), std::move(options)) {
    guard_.create([&] {
        policy_ = make();
        decides_ = policy_->decides();
    });
}

std::optional<std::size_t> GuardedSelector::pick(RequestView const& request,
                                                 std::span<SourceView const> sources, Rng& rng) {
    if (sources.empty()) {
        return std::nullopt;
    }
    auto const spent = guard_.counters().spent;
    std::optional<std::size_t> index;
    bool const good = guard_.decide(request.purpose, sources.size() == 1, "pick", [&] {
        index = policy_->pick(request, sources, rng);
        if (index && *index >= sources.size()) {
            throw std::out_of_range("answered " + std::to_string(*index) + " where there are " +
                                    std::to_string(sources.size()) + " sources");
        }
    });
    index = good ? index : fallback_.pick(request, sources, rng);
    record("pick", request, sources, index ? choose(*index) : nobody(), spent, !good);
    return index;
}

std::uint32_t GuardedSelector::decides() const {
    return guard_.given_up() ? 0 : decides_;
}

Answer GuardedSelector::decide(RequestView const& request, std::span<SourceView const> sources,
                               Rng& rng) {
    auto const spent = guard_.counters().spent;
    Answer answer{};
    bool const alone = has_one_candidate(request, sources);
    bool const good = guard_.decide(request.purpose, alone, "decide", [&] {
        answer = policy_->decide(request, sources, rng);
        if (!fits(answer, request, sources)) {
            throw std::out_of_range("answered " + in_words(answer) + " to purpose " +
                                    std::to_string(request.purpose) + ", which may not be");
        }
    });
    if (!good) {
        std::vector<SourceView> scratch;
        answer = default_answer(fallback_, request, sources, rng, scratch);
    }
    record("decide", request, sources, answer, spent, !good);
    return answer;
}

void GuardedSelector::record(char const* operation, RequestView const& request,
                             std::span<SourceView const> sources, Answer const& answer,
                             std::chrono::nanoseconds spent, bool by_default) const {
    if (recorder_) {
        auto const cost = guard_.counters().spent - spent;
        recorder_->on_decision({operation, request, sources, answer, cost, by_default});
    }
}

std::optional<double> GuardedSelector::cost(SourceView const& source) {
    std::optional<double> value;
    bool const good = guard_.estimate("cost", [&] {
        value = policy_->cost(source);
        if (value && std::isnan(*value)) {
            throw std::domain_error("answered with what is not a number");
        }
    });
    return good ? value : fallback_.cost(source);
}

void GuardedSelector::observe(SourceView const& source, OutcomeView const& outcome) {
    guard_.tell("observe", [&] { policy_->observe(source, outcome); });
    if (recorder_) {
        recorder_->on_outcome(source, outcome);
    }
}

std::vector<std::size_t> rank(PeerSelector& selector, RequestView const& request,
                              std::vector<SourceView> sources, Rng& rng) {
    std::vector<std::size_t> left(sources.size());
    std::iota(left.begin(), left.end(), std::size_t{0});
    std::vector<std::size_t> order;
    while (!sources.empty()) {
        auto const index = selector.pick(request, sources, rng);
        if (!index) {
            break;
        }
        order.push_back(left.at(*index));
        auto const at = static_cast<std::ptrdiff_t>(*index);
        left.erase(left.begin() + at);
        sources.erase(sources.begin() + at);
    }
    order.insert(order.end(), left.begin(), left.end());
    return order;
}

}  // namespace xfsbus::policies
