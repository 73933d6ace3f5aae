#include "completion.hpp"

#include "commands.hpp"
#include "words.hpp"

#include <algorithm>
#include <array>

namespace xfsbus::console {
namespace {

constexpr std::array take_names = {"find", "list", "watch", "download", "push"};

std::string first_word(std::string_view line) {
    auto const begin = std::min(line.find_first_not_of(" \t"), line.size());
    return std::string(line.substr(begin, line.find_first_of(" \t", begin) - begin));
}

std::vector<std::string> command_names() {
    std::vector<std::string> names;
    for (auto const& command : Commands::table()) {
        names.emplace_back(command.name);
    }
    return names;
}

/// The long options of a command, as its help describes them.
std::vector<std::string> options_of(std::string const& command) {
    std::vector<std::string> options;
    auto const found = std::ranges::find(Commands::table(), command, &Commands::Command::name);
    auto const help = found == Commands::table().end() ? std::string_view() : found->options;
    for (auto at = help.find("--"); at != std::string_view::npos; at = help.find("--", at + 2)) {
        options.emplace_back(help.substr(at, help.find(' ', at) - at));
    }
    return options;
}

std::vector<std::string> candidates(std::string_view before, std::string_view word,
                                    NamesFrom const& names) {
    auto const command = first_word(before);
    if (command.empty() || command == "help") {
        return command_names();
    }
    if (word.starts_with('-')) {
        return options_of(command);
    }
    if (std::ranges::find(take_names, command) == take_names.end()) {
        return {};
    }
    auto found = names(std::string(word));
    std::ranges::transform(found, found.begin(), quote_word);
    return found;
}

}  // namespace

std::vector<std::string> completions(std::string_view before, std::string_view word,
                                     NamesFrom const& names) {
    auto all = candidates(before, word, names);
    std::erase_if(all, [&](auto const& text) { return !text.starts_with(word); });
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

}  // namespace xfsbus::console
