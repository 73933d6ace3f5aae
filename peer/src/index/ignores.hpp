#pragma once

#include <xfsbus/wire/glob.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::peer::index {

/// What of a share is not shared: the patterns of the user, of the file at its top that says so,
/// and some that nearly everybody wants. A name matches if a pattern matches the whole of it, or
/// any one part; what is below a directory that matches is left out with it. Used by one thread.
class Ignores {
  public:
    Ignores(std::vector<std::string> const& patterns, bool defaults);

    /// What is wrong with a pattern, such as "is longer than 256 bytes".
    static std::optional<std::string> problem_of(std::string_view pattern);

    /// Takes these lines in place of those that it took before: a pattern each, `#` begins a
    /// comment. Returns a sentence for each line that is left out.
    std::vector<std::string> take_lines(std::string_view text);

    /// Whether a name is left out that is in no directory that is.
    [[nodiscard]] bool matches(std::string_view name) const;
    /// Whether a name is left out, or a directory above it.
    [[nodiscard]] bool covers(std::string_view name) const;

  private:
    /// A scan asks about every file, so the common kinds are told without the glob.
    struct Pattern {
        explicit Pattern(std::string_view text);

        [[nodiscard]] bool matches(std::string_view text) const;

        enum class Kind { literal, begin, end, glob };
        Kind kind = Kind::glob;
        bool of_part = true;   ///< may match one part of a name
        bool of_whole = true;  ///< may match a name of several parts
        std::string literal;   ///< the whole, its begin or its end
        wire::Glob glob{""};
    };

    static bool match(std::vector<Pattern> const& patterns, std::string_view name,
                      std::string_view part);

    std::vector<Pattern> given_;
    std::vector<Pattern> lines_;
};

}  // namespace xfsbus::peer::index
