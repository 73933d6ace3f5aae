#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace xfsbus::door {

/// No request is longer, up to the empty line that ends it.
inline constexpr std::size_t head_bytes_most = 8 * 1024;
inline constexpr std::size_t headers_most = 64;

/// What somebody asks for, as far as it matters here. Values are as they came.
struct Request {
    bool head = false;  ///< HEAD; else GET
    std::string name;   ///< of the file; it may be one
    std::optional<std::string> host;
    std::optional<std::string> token;  ///< that was shown, in the head or in the query
    std::optional<std::string> range;
    std::optional<std::string> if_range;
    std::optional<std::string> if_match;
    std::optional<std::string> if_none_match;
};

/// Why it is not answered as it wishes.
struct Refusal {
    int status = 0;
    std::string words;
};

/// Where the head of a request ends, after its empty line; nullopt: it is not whole.
std::optional<std::size_t> end_of_head(std::string_view bytes);

/// Reads a whole head. It comes from anybody: what is not as RFC 9112 has it is refused.
std::variant<Request, Refusal> parse_request(std::string_view head);

}  // namespace xfsbus::door
