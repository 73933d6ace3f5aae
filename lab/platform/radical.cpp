#include "platform/radical.hpp"

#include "platform/platform.hpp"

#include <xfsbus/wire/name.hpp>

#include <charconv>
#include <optional>
#include <string>

namespace xfsbus::lab::platform {
namespace {

std::optional<std::uint32_t> number_of(std::string_view text) {
    std::uint32_t number = 0;
    auto const* const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && rest == end ? std::optional(number) : std::nullopt;
}

}  // namespace

Result<std::vector<std::uint32_t>> parse_radical(std::string_view text) {
    std::vector<std::uint32_t> numbers;
    for (std::size_t begin = 0; begin <= text.size();) {
        auto const end = std::min(text.find(',', begin), text.size());
        auto const part = text.substr(begin, end - begin);
        begin = end + 1;
        auto const dash = part.find('-');
        auto const first = number_of(part.substr(0, dash));
        auto const last = dash == std::string_view::npos ? first : number_of(part.substr(dash + 1));
        if (!first || !last || *last < *first) {
            return Error{Errc::usage, "'" + wire::escape(part) +
                                          "' is no range of numbers; write for example 0-9,12"};
        }
        if (*last - *first >= limits::hosts - numbers.size()) {
            return Error{Errc::usage,
                         "makes more than " + std::to_string(limits::hosts) + " hosts"};
        }
        for (std::uint32_t number = *first; number <= *last; ++number) {
            numbers.push_back(number);
            if (number == *last) {
                break;  // there may be no greater one
            }
        }
    }
    return numbers;
}

}  // namespace xfsbus::lab::platform
