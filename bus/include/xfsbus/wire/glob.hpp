#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::wire {

/// Shell patterns over names: `*` any run within one part, `**` any run at all, `?` one character
/// other than '/', `[a-z]` and `[!a-z]` one of a set, `\` takes the next character literally.
/// Worst case O(length of pattern x length of name), and a pattern longer than
/// limits::pattern_bytes matches nothing: patterns come from the network.
bool glob_match(std::string_view pattern, std::string_view name);

/// A pattern taken apart, to be matched against many names.
class Glob {
  public:
    explicit Glob(std::string_view pattern);

    /// As glob_match(). Adds what it took to `work`: for each character of the name that was looked
    /// at the bytes of the pattern, and a few.
    [[nodiscard]] bool matches(std::string_view name, std::size_t& work) const;

    /// What every match begins with.
    [[nodiscard]] std::string const& prefix() const { return prefix_; }

  private:
    /// One step: a character, one of several, or a run of any length.
    struct Element {
        enum class Kind : std::uint8_t { character, any, one_of, none_of, run, deep_run };
        Kind kind = Kind::any;
        /// Of `rest_`: the character, or what stands between the brackets.
        std::uint16_t begin = 0;
        std::uint16_t size = 0;
    };

    struct Matcher;
    friend struct Matcher;

    std::string prefix_;
    std::string rest_;  ///< the pattern behind its prefix
    std::vector<Element> elements_;
    bool too_long_ = false;
};

/// True if the text has a character that is special in a pattern.
bool is_glob(std::string_view text);

/// What every match begins with: the text before the first special character.
std::string_view glob_prefix(std::string_view pattern);

}  // namespace xfsbus::wire
