#include "wire/utf8.hpp"

#include <xfsbus/wire/glob.hpp>
#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <bitset>

namespace xfsbus::wire {
namespace {

constexpr std::string_view special = "*?[\\";

/// Removes and returns the first character: a code point, or a byte that is none.
std::string_view take_character(std::string_view& text) {
    auto const length = std::max<std::size_t>(first_code_point(text).length, 1);
    auto const character = text.substr(0, length);
    text.remove_prefix(length);
    return character;
}

std::uint32_t value_of(std::string_view character) {
    auto const point = first_code_point(character);
    constexpr std::uint32_t beyond_unicode = 0x110000;
    return point.length > 0 ? point.value
                            : beyond_unicode + static_cast<unsigned char>(character.front());
}

bool holds(std::string_view set, std::string_view character) {
    auto const wanted = value_of(character);
    while (!set.empty()) {
        auto const low = value_of(take_character(set));
        auto high = low;
        if (set.size() > 1 && set.front() == '-') {
            set.remove_prefix(1);
            high = value_of(take_character(set));
        }
        if (low <= wanted && wanted <= high) {
            return true;
        }
    }
    return false;
}

/// What a step takes beside looking at the pattern, in bytes of a pattern.
constexpr std::size_t step_work = 4;

/// The elements before which a match of the name so far can stand.
using States = std::bitset<limits::pattern_bytes + 1>;

}  // namespace

/// Takes a pattern apart, and steps through a name.
struct Glob::Matcher {
    using Kind = Element::Kind;

    static void parse(Glob& glob);
    static std::string_view parse_run(std::string_view text, Glob& glob);
    static std::size_t parse_set(std::string_view text, bool may_close, Glob& glob);
    static void add(Glob& glob, Kind kind, std::string_view text = {});

    [[nodiscard]] std::string_view text_of(Element const& element) const {
        return std::string_view(glob.rest_).substr(element.begin, element.size);
    }

    static bool is_run(Element const& element) {
        return element.kind == Kind::run || element.kind == Kind::deep_run;
    }

    [[nodiscard]] bool matches(Element const& element, std::string_view character) const;
    void skip_runs(States& states) const;
    [[nodiscard]] States step(States const& states, std::string_view character) const;

    Glob const& glob;
};

void Glob::Matcher::add(Glob& glob, Kind kind, std::string_view text) {
    auto const begin = text.empty() ? 0 : text.data() - glob.rest_.data();
    glob.elements_.push_back(
        {kind, static_cast<std::uint16_t>(begin), static_cast<std::uint16_t>(text.size())});
}

/// Returns what follows the stars that the text begins with.
std::string_view Glob::Matcher::parse_run(std::string_view text, Glob& glob) {
    auto const stars = std::min(text.find_first_not_of('*'), text.size());
    add(glob, stars == 1 ? Kind::run : Kind::deep_run);
    return text.substr(stars);
}

/// The size of the set that the text begins with; 0 if it is not closed (then '[' is itself). A
/// ']' that comes first is a member.
std::size_t Glob::Matcher::parse_set(std::string_view text, bool may_close, Glob& glob) {
    bool const negated = text.size() > 1 && (text[1] == '!' || text[1] == '^');
    std::size_t const first = negated ? 2 : 1;
    auto const end = may_close ? text.find(']', first + 1) : std::string_view::npos;
    if (end == std::string_view::npos) {
        return 0;
    }
    add(glob, negated ? Kind::none_of : Kind::one_of, text.substr(first, end - first));
    return end + 1;
}

void Glob::Matcher::parse(Glob& glob) {
    std::string_view text = glob.rest_;
    bool sets_may_close = true;  // if one does not, no later one does
    while (!text.empty()) {
        if (text.front() == '*') {
            text = parse_run(text, glob);
            continue;
        }
        if (text.front() == '[') {
            auto const size = parse_set(text, sets_may_close, glob);
            text.remove_prefix(size);
            if (size > 0) {
                continue;
            }
            sets_may_close = false;
        }
        if (text.front() == '?') {
            add(glob, Kind::any);
            text.remove_prefix(1);
            continue;
        }
        if (text.front() == '\\' && text.size() > 1) {
            text.remove_prefix(1);
        }
        add(glob, Kind::character, take_character(text));
    }
}

bool Glob::Matcher::matches(Element const& element, std::string_view character) const {
    switch (element.kind) {
        case Kind::character:
            return text_of(element) == character;
        case Kind::any:
        case Kind::run:
            return character != "/";
        case Kind::one_of:
            return character != "/" && holds(text_of(element), character);
        case Kind::none_of:
            return character != "/" && !holds(text_of(element), character);
        case Kind::deep_run:
            break;
    }
    return true;
}

/// A run may match nothing, so whoever stands before one stands behind it too.
void Glob::Matcher::skip_runs(States& states) const {
    for (std::size_t i = 0; i < glob.elements_.size(); ++i) {
        if (states[i] && is_run(glob.elements_[i])) {
            states.set(i + 1);
        }
    }
}

States Glob::Matcher::step(States const& states, std::string_view character) const {
    States next;
    for (std::size_t i = 0; i < glob.elements_.size(); ++i) {
        auto const& element = glob.elements_[i];
        if (states[i] && matches(element, character)) {
            next.set(is_run(element) ? i : i + 1);
        }
    }
    skip_runs(next);
    return next;
}

Glob::Glob(std::string_view pattern) : too_long_(pattern.size() > limits::pattern_bytes) {
    if (!too_long_) {
        prefix_ = glob_prefix(pattern);
        rest_ = pattern.substr(prefix_.size());
        Matcher::parse(*this);
    }
}

bool Glob::matches(std::string_view name, std::size_t& work) const {
    if (too_long_ || !name.starts_with(prefix_)) {
        return false;
    }
    name.remove_prefix(prefix_.size());
    Matcher const matcher{*this};
    States states;
    states.set(0);
    matcher.skip_runs(states);
    while (!name.empty() && states.any()) {
        work += step_work + rest_.size();
        states = matcher.step(states, take_character(name));
    }
    return states[elements_.size()];
}

bool glob_match(std::string_view pattern, std::string_view name) {
    std::size_t work = 0;
    return Glob(pattern).matches(name, work);
}

bool is_glob(std::string_view text) {
    return text.find_first_of(special) != std::string_view::npos;
}

std::string_view glob_prefix(std::string_view pattern) {
    return pattern.substr(0, std::min(pattern.find_first_of(special), pattern.size()));
}

}  // namespace xfsbus::wire
