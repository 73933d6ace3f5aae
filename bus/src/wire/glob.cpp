#include "wire/utf8.hpp"

#include <xfsbus/wire/glob.hpp>
#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <array>
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

/// One step of a pattern: a character, one of several, or a run of any length.
struct Element {
    enum class Kind : std::uint8_t { character, any, one_of, none_of, run, deep_run };
    Kind kind = Kind::any;
    std::string_view text;  ///< the character, or what stands between the brackets
};

/// A pattern taken apart once, so that no set is read again to find its end.
struct Pattern {
    std::array<Element, limits::pattern_bytes> elements;
    std::size_t size = 0;

    void add(Element::Kind kind, std::string_view text = {}) { elements[size++] = {kind, text}; }
};

void parse_run(std::string_view& text, Pattern& pattern) {
    auto const stars = std::min(text.find_first_not_of('*'), text.size());
    pattern.add(stars == 1 ? Element::Kind::run : Element::Kind::deep_run);
    text.remove_prefix(stars);
}

/// A set at the start of the text; false if it is not closed (then '[' is itself). A ']' that
/// comes first is a member.
bool parse_set(std::string_view& text, bool may_close, Pattern& pattern) {
    bool const negated = text.size() > 1 && (text[1] == '!' || text[1] == '^');
    std::size_t const first = negated ? 2 : 1;
    auto const end = may_close ? text.find(']', first + 1) : std::string_view::npos;
    if (end == std::string_view::npos) {
        return false;
    }
    pattern.add(negated ? Element::Kind::none_of : Element::Kind::one_of,
                text.substr(first, end - first));
    text.remove_prefix(end + 1);
    return true;
}

/// Only for a text within limits::pattern_bytes: each element takes at least one of them.
Pattern parse(std::string_view text) {
    Pattern pattern;
    bool sets_may_close = true;  // if one does not, no later one does
    while (!text.empty()) {
        if (text.front() == '*') {
            parse_run(text, pattern);
            continue;
        }
        if (text.front() == '[') {
            if (parse_set(text, sets_may_close, pattern)) {
                continue;
            }
            sets_may_close = false;
        }
        if (text.front() == '?') {
            pattern.add(Element::Kind::any);
            text.remove_prefix(1);
            continue;
        }
        if (text.front() == '\\' && text.size() > 1) {
            text.remove_prefix(1);
        }
        pattern.add(Element::Kind::character, take_character(text));
    }
    return pattern;
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

bool is_run(Element const& element) {
    return element.kind == Element::Kind::run || element.kind == Element::Kind::deep_run;
}

bool matches(Element const& element, std::string_view character) {
    switch (element.kind) {
        case Element::Kind::character:
            return element.text == character;
        case Element::Kind::any:
        case Element::Kind::run:
            return character != "/";
        case Element::Kind::one_of:
            return character != "/" && holds(element.text, character);
        case Element::Kind::none_of:
            return character != "/" && !holds(element.text, character);
        case Element::Kind::deep_run:
            break;
    }
    return true;
}

/// The elements before which a match of the name so far can stand.
using States = std::bitset<limits::pattern_bytes + 1>;

/// A run may match nothing, so whoever stands before one stands behind it too.
void skip_runs(Pattern const& pattern, States& states) {
    for (std::size_t i = 0; i < pattern.size; ++i) {
        if (states[i] && is_run(pattern.elements[i])) {
            states.set(i + 1);
        }
    }
}

States step(Pattern const& pattern, States const& states, std::string_view character) {
    States next;
    for (std::size_t i = 0; i < pattern.size; ++i) {
        auto const& element = pattern.elements[i];
        if (states[i] && matches(element, character)) {
            next.set(is_run(element) ? i : i + 1);
        }
    }
    skip_runs(pattern, next);
    return next;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view name) {
    if (pattern.size() > limits::pattern_bytes) {
        return false;
    }
    auto const literal = glob_prefix(pattern);
    if (!name.starts_with(literal)) {
        return false;
    }
    auto const parsed = parse(pattern.substr(literal.size()));
    name.remove_prefix(literal.size());
    States states;
    states.set(0);
    skip_runs(parsed, states);
    while (!name.empty() && states.any()) {
        states = step(parsed, states, take_character(name));
    }
    return states[parsed.size];
}

bool is_glob(std::string_view text) {
    return text.find_first_of(special) != std::string_view::npos;
}

std::string_view glob_prefix(std::string_view pattern) {
    return pattern.substr(0, std::min(pattern.find_first_of(special), pattern.size()));
}

}  // namespace xfsbus::wire
