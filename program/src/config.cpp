#include <xfsbus/files/fd.hpp>
#include <xfsbus/files/system.hpp>
#include <xfsbus/program/config.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include <fcntl.h>

namespace xfsbus::program {
namespace {

namespace fs = std::filesystem;

std::string name_of(fs::path const& file) {
    return wire::escape(file.string());
}

std::string_view trimmed(std::string_view text) {
    constexpr auto const* blanks = " \t\r";
    auto const begin = text.find_first_not_of(blanks);
    return begin == std::string_view::npos
               ? std::string_view()
               : text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

std::string_view unquoted(std::string_view text) {
    bool const in_quotes = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                           text.find(text.front(), 1) == text.size() - 1;
    return in_quotes ? text.substr(1, text.size() - 2) : text;
}

Result<std::string> read_text(fs::path const& file) {
    files::Fd const fd(files::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 4096> bytes{};
    ssize_t n = fd ? 1 : -1;
    while (n > 0) {
        n = files::read(fd.get(), bytes.data(), bytes.size());
        text.append(bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    }
    if (n < 0) {
        return Error{Errc::usage, "cannot read '" + name_of(file) +
                                      "': " + std::generic_category().message(errno)};
    }
    return text;
}

Result<ConfigLine> parse_line(std::string_view line, std::size_t number) {
    auto const equals = line.find('=');
    auto const option = trimmed(line.substr(0, equals));
    if (option.empty() || option.find_first_of(" \t[]") != std::string_view::npos) {
        return Error{Errc::usage, "'" + wire::escape(line) + "' is no option=value"};
    }
    ConfigLine parsed{std::string(option), std::nullopt, number};
    if (equals != std::string_view::npos) {
        parsed.value = unquoted(trimmed(line.substr(equals + 1)));
    }
    return parsed;
}

}  // namespace

Error at_line(fs::path const& file, std::size_t line, Error error) {
    error.message = name_of(file) + ":" + std::to_string(line) + ": " + error.message;
    return error;
}

Result<std::vector<ConfigLine>> read_config(fs::path const& file) {
    auto const text = read_text(file);
    if (!text) {
        return text.error();
    }
    std::vector<ConfigLine> lines;
    std::string_view rest = *text;
    for (std::size_t number = 1; !rest.empty(); ++number) {
        auto const end = std::min(rest.find('\n'), rest.size());
        auto const line = trimmed(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.empty() || line.front() == '#' || line.front() == ';') {
            continue;
        }
        auto parsed = parse_line(line, number);
        if (!parsed) {
            return at_line(file, number, parsed.error());
        }
        lines.push_back(std::move(*parsed));
    }
    return lines;
}

}  // namespace xfsbus::program
