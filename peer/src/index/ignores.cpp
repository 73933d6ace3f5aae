#include "index/ignores.hpp"

#include "storage/tree.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <array>

namespace xfsbus::peer::index {
namespace {

/// What version control, desktops, editors and file systems leave about.
constexpr std::array<std::string_view, 14> usual = {
    ".git", ".svn", ".hg", ".DS_Store",  "Thumbs.db",          "desktop.ini", "*.swp",
    "*~",   ".#*",  "#*#", "lost+found", storage::ignore_file, ".nfs*",       ".Trash*",
};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    auto const begin = text.find_first_not_of(blanks);
    return begin == std::string_view::npos
               ? std::string_view()
               : text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

}  // namespace

Ignores::Pattern::Pattern(std::string_view text) {
    if (text.ends_with('/')) {
        text.remove_suffix(1);
    }
    if (text.starts_with('/')) {
        text.remove_prefix(1);  // names have none; who writes one means the top of the share
        of_part = false;
    }
    bool const slash = text.find('/') != std::string_view::npos;
    of_whole = !of_part || slash || text.find("**") != std::string_view::npos;
    of_part = of_part && !slash;
    auto const plain = [](std::string_view part) { return !wire::is_glob(part); };
    if (plain(text)) {
        kind = Kind::literal;
        literal = text;
    } else if (!of_whole && text.ends_with('*') && plain(text.substr(0, text.size() - 1))) {
        kind = Kind::begin;
        literal = text.substr(0, text.size() - 1);
    } else if (!of_whole && text.starts_with('*') && plain(text.substr(1))) {
        kind = Kind::end;
        literal = text.substr(1);
    } else {
        glob = wire::Glob(text);
    }
}

bool Ignores::Pattern::matches(std::string_view text) const {
    switch (kind) {
        case Kind::literal:
            return text == literal;
        // Nearly every name is told apart by one character, and there are many names.
        case Kind::begin:
            return literal.empty() ||
                   (text.starts_with(literal.front()) && text.starts_with(literal));
        case Kind::end:
            return literal.empty() || (text.ends_with(literal.back()) && text.ends_with(literal));
        case Kind::glob:
            break;
    }
    std::size_t unbounded = 0;
    return glob.matches(text, unbounded);
}

Ignores::Ignores(std::vector<std::string> const& patterns, bool defaults) {
    for (auto const pattern : usual) {
        if (defaults) {
            given_.emplace_back(pattern);
        }
    }
    for (auto const& pattern : patterns) {
        given_.emplace_back(pattern);
    }
}

std::optional<std::string> Ignores::problem_of(std::string_view pattern) {
    if (trimmed(pattern).empty()) {
        return "is empty";
    }
    if (pattern.size() > wire::limits::pattern_bytes) {
        return "is longer than " + std::to_string(wire::limits::pattern_bytes) + " bytes";
    }
    if (pattern.starts_with('!')) {
        return "begins with '!', which takes nothing back here; '\\!' stands for itself";
    }
    return std::nullopt;
}

std::vector<std::string> Ignores::take_lines(std::string_view text) {
    std::vector<std::string> problems;
    lines_.clear();
    for (std::size_t number = 1; !text.empty(); ++number) {
        auto const end = std::min(text.find('\n'), text.size());
        auto const line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        if (auto const problem = problem_of(line)) {
            problems.push_back("line " + std::to_string(number) + " of '" +
                               std::string(storage::ignore_file) + "' is left out: it " + *problem);
        } else {
            lines_.emplace_back(line);
        }
    }
    return problems;
}

bool Ignores::matches(std::string_view name) const {
    auto const slash = name.rfind('/');
    auto const part = slash == std::string_view::npos ? name : name.substr(slash + 1);
    return match(given_, name, part) || match(lines_, name, part);
}

bool Ignores::match(std::vector<Pattern> const& patterns, std::string_view name,
                    std::string_view part) {
    return std::ranges::any_of(patterns, [&](Pattern const& pattern) {
        return (pattern.of_part && pattern.matches(part)) ||
               (pattern.of_whole && pattern.matches(name));
    });
}

bool Ignores::covers(std::string_view name) const {
    for (auto slash = name.find('/'); slash != std::string_view::npos;
         slash = name.find('/', slash + 1)) {
        if (matches(name.substr(0, slash))) {
            return true;
        }
    }
    return matches(name);
}

}  // namespace xfsbus::peer::index
