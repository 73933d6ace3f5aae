#include <xfsbus/program/command_line.hpp>
#include <xfsbus/program/config.hpp>
#include <xfsbus/wire/name.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstddef>
#include <map>

namespace xfsbus::program {
namespace {

Error wrong(std::string message) {
    return {Errc::usage, std::move(message)};
}

/// These are about the command line itself.
bool is_for_files(std::string const& option) {
    return option != "config" && option != "help" && option != "version";
}

CLI::Option const* find_option(CLI::App const& app, std::string const& name) {
    return is_for_files(name) ? app.get_option_no_throw("--" + name) : nullptr;
}

/// The line as it would be typed.
Result<Words> to_words(ConfigLine const& line, CLI::Option const* option) {
    if (option == nullptr) {
        return wrong("'" + wire::escape(line.option) + "' is no option that a file may have");
    }
    auto const word = "--" + line.option;
    bool const is_flag = option->get_items_expected_min() == 0;
    if (!line.value && is_flag) {
        return Words{word};
    }
    if (!line.value || (line.value->empty() && is_flag)) {
        return wrong("'" + line.option + "' lacks its value");
    }
    return line.value->empty() ? Words{word, ""} : Words{word + "=" + *line.value};
}

/// Finds options that stand in several lines and may not.
class Repeats {
  public:
    Status add(ConfigLine const& line, CLI::Option const& option) {
        auto const [before, is_new] = lines_.try_emplace(line.option, line.number);
        bool const may = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
        return is_new || may ? done()
                             : wrong("'" + line.option + "' stands in line " +
                                     std::to_string(before->second) + " already");
    }

  private:
    std::map<std::string, std::size_t> lines_;
};

}  // namespace

Result<std::optional<int>> parse_words(CLI::App& app, Words words) {
    std::ranges::reverse(words);  // as it wants them
    try {
        app.parse(words);
    } catch (CLI::ParseError const& error) {
        if (error.get_exit_code() == 0) {
            return std::optional(app.exit(error));
        }
        return wrong(std::string(error.what()) + " (see --help)");
    }
    return std::optional<int>();
}

Result<Words> config_words(std::filesystem::path const& file, CLI::App const& typed,
                           CheckWords const& check) {
    auto const lines = read_config(file);
    if (!lines) {
        return lines.error();
    }
    Words all;
    Repeats repeats;
    for (auto const& line : *lines) {
        auto const* const option = find_option(typed, line.option);
        auto const words = to_words(line, option);
        auto good = words ? check(*words) : Status(words.error());
        if (good) {
            good = repeats.add(line, *option);
        }
        if (!good) {
            return at_line(file, line.number, good.error());
        }
        if (option->count() == 0) {
            all.insert(all.end(), words->begin(), words->end());
        }
    }
    return all;
}

}  // namespace xfsbus::program
