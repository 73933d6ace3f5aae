#include "door_words.hpp"

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/name.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>

namespace xfsbus::console {
namespace {

constexpr std::size_t token_least = 16;
constexpr std::size_t token_most = 512;

Error wrong_door(std::string message) {
    return {Errc::usage, std::move(message) + " (see --help)"};
}

/// The first line. What it holds goes into a header and a URL, as it is.
Result<std::string> read_token(std::string const& path) {
    errno = 0;
    std::ifstream file(path);
    std::string token(token_most + 1, '\0');
    file.read(token.data(), static_cast<std::streamsize>(token.size()));
    if (file.bad() || (file.gcount() == 0 && errno != 0)) {
        return Error{Errc::disk, "cannot read the token in '" + wire::escape(path) +
                                     "': " + std::generic_category().message(errno)};
    }
    token.resize(static_cast<std::size_t>(file.gcount()));
    token.resize(std::min(token.size(), token.find_first_of("\r\n")));
    bool const good = token.size() >= token_least && token.size() <= token_most &&
                      std::ranges::all_of(token, [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                                 c == '~';
                      });
    return good ? Result(token)
                : Result<std::string>(wrong_door("--http-token: the first line of '" +
                                                 wire::escape(path) +
                                                 "' is to be 16 to 512 letters, digits and -._~"));
}

}  // namespace

void add_door_options(CLI::App& app, DoorWords& words) {
    app.add_option("--http", words.http,
                   "With --serve: give files to programs that speak HTTP, at [ADDRESS:]PORT "
                   "(default address: 127.0.0.1), http://.../files/NAME");
    app.add_option("--http-token", words.token_file,
                   "File whose first line they have to show (Bearer, or ?token=); needed for an "
                   "address that others reach");
}

Result<std::optional<door::Options>> door_options(DoorWords const& words, bool serve) {
    if (words.http.empty()) {
        return words.token_file.empty() ? Result(std::optional<door::Options>())
                                        : wrong_door("--http-token belongs to --http");
    }
    if (!serve) {
        return wrong_door("--http belongs to --serve");
    }
    bool const port_alone = words.http.find_first_not_of("0123456789") == std::string::npos;
    auto const endpoint = wire::parse_endpoint((port_alone ? "127.0.0.1:" : "") + words.http);
    if (!endpoint || (!endpoint->any_host() && !wire::numeric_host(endpoint->host))) {
        return wrong_door("--http: '" + wire::escape(words.http) +
                          "' is no port, and no IP:PORT, such as 8080 or 127.0.0.1:8080");
    }
    if (words.token_file.empty() && !wire::loopback_host(endpoint->host)) {
        return wrong_door("--http: others reach " + wire::escape(words.http) +
                          ", so it needs --http-token FILE");
    }
    door::Options options;
    options.listen = *endpoint;
    if (!words.token_file.empty()) {
        auto token = read_token(words.token_file);
        if (!token) {
            return token.error();
        }
        options.token = std::move(*token);
    }
    return std::optional(std::move(options));
}

}  // namespace xfsbus::console
