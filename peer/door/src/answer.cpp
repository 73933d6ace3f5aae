#include "answer.hpp"

#include <xfsbus/wire/endpoint.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <time.h>

namespace xfsbus::door {
namespace {

std::string_view reason_of(int status) {
    static constexpr std::array reasons = std::to_array<std::pair<int, std::string_view>>({
        {200, "OK"},
        {206, "Partial Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {412, "Precondition Failed"},
        {416, "Range Not Satisfiable"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    });
    auto const* const found =
        std::ranges::find(reasons, status, &std::pair<int, std::string_view>::first);
    return found == reasons.end() ? "" : found->second;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"; in no language but this one.
std::string date(std::time_t now) {
    constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    auto const two = [](int value) { return (value < 10 ? "0" : "") + std::to_string(value); };
    return std::string(days.at(static_cast<std::size_t>(parts.tm_wday))) + ", " +
           two(parts.tm_mday) + " " + months.at(static_cast<std::size_t>(parts.tm_mon)) + " " +
           std::to_string(1900 + parts.tm_year) + " " + two(parts.tm_hour) + ":" +
           two(parts.tm_min) + ":" + two(parts.tm_sec) + " GMT";
}

/// Each connection is for one request: a player opens another when it seeks.
std::string head_of(int status, std::time_t now) {
    return "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason_of(status)) +
           "\r\nDate: " + date(now) +
           "\r\nConnection: close\r\nX-Content-Type-Options: nosniff\r\n";
}

std::string length_of(std::uint64_t bytes) {
    return "Content-Length: " + std::to_string(bytes) + "\r\n";
}

/// The part of it that is asked for; a condition that does not hold asks for the whole.
std::variant<Whole, Part, Unsatisfiable> wanted(Request const& request, std::string_view tag,
                                                std::uint64_t size) {
    bool const ranged =
        request.range && !request.head && (!request.if_range || *request.if_range == tag);
    return ranged ? part_of(*request.range, size) : Whole();
}

Answer nothing(int status, std::string head) {
    return {status, std::move(head), {}};
}

/// Takes as long wherever the two differ.
bool same_secret(std::string_view a, std::string_view b) {
    unsigned differ = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto const other = i < b.size() ? b[i] : '\0';
        differ |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(other);
    }
    return differ == 0;
}

bool names_loopback(std::string_view host) {
    auto const bracket = host.find(']');
    auto const colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    auto name = host.substr(0, colon);
    if (name.starts_with('[') && name.ends_with(']')) {
        name = name.substr(1, name.size() - 2);
    }
    return name == "localhost" || wire::loopback_host(name);
}

}  // namespace

std::string answer_in_words(Refusal const& refusal, bool head, std::time_t now) {
    auto const words = refusal.words + "\n";
    auto text = head_of(refusal.status, now) + "Content-Type: text/plain; charset=utf-8\r\n" +
                length_of(words.size());
    if (refusal.status == 401) {
        text += "WWW-Authenticate: Bearer\r\n";
    } else if (refusal.status == 405) {
        text += "Allow: GET, HEAD\r\n";
    } else if (refusal.status == 503) {
        text += "Retry-After: 1\r\n";
    }
    return text + "\r\n" + (head ? "" : words);
}

Answer answer_for(Request const& request, std::string_view content, std::uint64_t size,
                  std::time_t now) {
    auto const tag = "\"" + std::string(content) + "\"";
    auto const about = "ETag: " + tag + "\r\nAccept-Ranges: bytes\r\n";
    if (request.if_match && !names_tag(*request.if_match, tag, false)) {
        return nothing(412, head_of(412, now) + about + length_of(0) + "\r\n");
    }
    if (request.if_none_match && names_tag(*request.if_none_match, tag, true)) {
        return nothing(304, head_of(304, now) + about + "\r\n");
    }
    auto const part = wanted(request, tag, size);
    if (std::holds_alternative<Unsatisfiable>(part)) {
        return nothing(416, head_of(416, now) + about + "Content-Range: bytes */" +
                                std::to_string(size) + "\r\n" + length_of(0) + "\r\n");
    }
    auto const* const some = std::get_if<Part>(&part);
    auto const body = some != nullptr ? *some : Part{0, size};
    int const status = some != nullptr ? 206 : 200;
    auto text = head_of(status, now) + about + "Content-Type: application/octet-stream\r\n" +
                length_of(body.end - body.begin);
    if (some != nullptr) {
        text += "Content-Range: bytes " + std::to_string(body.begin) + "-" +
                std::to_string(body.end - 1) + "/" + std::to_string(size) + "\r\n";
    }
    return {status, text + "\r\n", request.head ? Part{} : body};
}

Refusal refusal_of(Error const& error) {
    switch (error.code) {
        case Errc::not_found:
        case Errc::usage:  // the name is a pattern, of several files
            return {404, error.message};
        case Errc::timeout:
            return {504, error.message};
        case Errc::tracker_unreachable:
        case Errc::interrupted:
        case Errc::ended:
            return {503, error.message};
        case Errc::integrity:
        case Errc::network:
            return {502, error.message};
        default:
            return {500, error.message};
    }
}

bool is_admitted(Request const& request, std::string_view token) {
    if (!token.empty()) {
        return request.token && same_secret(*request.token, token);
    }
    return request.host && names_loopback(*request.host);
}

}  // namespace xfsbus::door
