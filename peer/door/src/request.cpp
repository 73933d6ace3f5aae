#include "request.hpp"

#include "blanks.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace xfsbus::door {
namespace {

constexpr std::string_view files_path = "/files/";
constexpr std::string_view line_end = "\r\n";

bool is_one_of(char c, std::string_view set) {
    return set.find(c) != std::string_view::npos;
}

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_token(std::string_view word) {
    return !word.empty() && std::ranges::all_of(word, [](char c) {
        return is_letter_or_digit(c) || is_one_of(c, "!#$%&'*+-.^_`|~");
    });
}

std::string lower(std::string_view word) {
    std::string text(word);
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

int hex_value(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            plain += text[i];
            continue;
        }
        int const high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        int const low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        plain += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return plain;
}

/// "http://host/path" is a way to say "/path".
std::string_view path_of(std::string_view target) {
    if (lower(target.substr(0, 7)) != "http://") {
        return target;
    }
    auto const slash = target.find('/', 7);
    return slash == std::string_view::npos ? "/" : target.substr(slash);
}

std::optional<std::string> token_in(std::string_view query) {
    constexpr std::string_view key = "token=";
    while (!query.empty()) {
        auto const pair = query.substr(0, query.find('&'));
        if (pair.starts_with(key)) {
            return percent_decoded(pair.substr(key.size()));
        }
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
    }
    return std::nullopt;
}

std::optional<Refusal> take_target(std::string_view target, Request& request) {
    auto path = path_of(target.substr(0, target.find('#')));
    if (auto const mark = path.find('?'); mark != std::string_view::npos) {
        request.token = token_in(path.substr(mark + 1));
        path = path.substr(0, mark);
    }
    if (!path.starts_with(files_path)) {
        return Refusal{404, "files are at /files/NAME"};
    }
    auto const name = percent_decoded(path.substr(files_path.size()));
    if (!name) {
        return Refusal{400, "a % in the path is not followed by two hex digits"};
    }
    if (auto const problem = wire::name_problem(*name)) {
        return Refusal{404, "this cannot be the name of a file: it " + *problem};
    }
    request.name = *name;
    return std::nullopt;
}

std::optional<Refusal> take_first_line(std::string_view line, Request& request) {
    auto const first = line.find(' ');
    auto const last = line.rfind(' ');
    if (first == std::string_view::npos || first == last || !is_token(line.substr(0, first))) {
        return Refusal{400, "this is no request"};
    }
    auto const method = line.substr(0, first);
    auto const target = line.substr(first + 1, last - first - 1);
    auto const version = line.substr(last + 1);
    bool const printable = std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f; });
    if (!printable || target.empty() || !version.starts_with("HTTP/")) {
        return Refusal{400, "this is no request"};
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        return Refusal{505, "this is HTTP/1.1"};
    }
    request.head = method == "HEAD";
    if (!request.head && method != "GET") {
        return Refusal{405, "files are read: GET and HEAD"};
    }
    return take_target(target, request);
}

std::optional<Refusal> take_header(std::string_view line, Request& request) {
    struct Known {
        std::string_view name;
        std::optional<std::string> Request::*to;
    };

    static constexpr std::array known = {
        Known{"host", &Request::host},         Known{"range", &Request::range},
        Known{"if-range", &Request::if_range}, Known{"if-none-match", &Request::if_none_match},
        Known{"if-match", &Request::if_match},
    };
    auto const colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        return Refusal{400, "a line of the head is no header"};
    }
    auto const name = lower(line.substr(0, colon));
    auto const value = trimmed(line.substr(colon + 1));
    constexpr std::string_view bearer = "bearer ";
    if (name == "authorization" && lower(value.substr(0, bearer.size())) == bearer) {
        request.token = trimmed(value.substr(bearer.size()));
    }
    if (name == "transfer-encoding" || (name == "content-length" && value != "0")) {
        return Refusal{400, "a request for a file has no body"};
    }
    auto const* const found = std::ranges::find(known, name, &Known::name);
    if (found == known.end()) {
        return std::nullopt;
    }
    auto& to = request.*(found->to);
    if (to && name == "host") {
        return Refusal{400, "there are two hosts"};
    }
    to = to ? *to + ", " + std::string(value) : std::string(value);
    return std::nullopt;
}

}  // namespace

std::optional<std::size_t> end_of_head(std::string_view bytes) {
    auto const end = bytes.find("\r\n\r\n");
    return end == std::string_view::npos ? std::nullopt : std::optional(end + 4);
}

std::variant<Request, Refusal> parse_request(std::string_view head) {
    Request request;
    auto const first = head.substr(0, head.find(line_end));
    std::size_t headers = 0;
    // The head is read to its end whatever its first line says: who may ask is known only then.
    auto refused = take_first_line(first, request);
    head.remove_prefix(std::min(head.size(), first.size() + line_end.size()));
    while (!head.starts_with(line_end) && !head.empty()) {
        auto const line = head.substr(0, head.find(line_end));
        auto wrong = take_header(line, request);
        if (++headers > headers_most) {
            return Refusal{431, "there are too many headers"};
        }
        if (wrong) {
            return *wrong;
        }
        head.remove_prefix(std::min(head.size(), line.size() + line_end.size()));
    }
    if (refused) {
        return *refused;
    }
    return request;
}

}  // namespace xfsbus::door
