#include "answer.hpp"
#include "check.hpp"
#include "request.hpp"

#include <xfsbus/wire/name.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

// A request as it comes to the door, and what is answered.

using namespace xfsbus::door;

namespace {

constexpr std::uint64_t size = 1000;
constexpr std::string_view content = "0123456789abcdef";

/// One head, which ends where it says, and tells of bytes that there are.
void check_answer(Answer const& answer) {
    must(end_of_head(answer.head) == answer.head.size());
    must(answer.body.begin <= answer.body.end && answer.body.end <= size);
    must(answer.status != 206 || answer.body.begin < answer.body.end);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t count) {
    std::string_view const bytes(reinterpret_cast<char const*>(data), count);
    auto const end = end_of_head(bytes);
    if (!end || *end > head_bytes_most) {
        return 0;
    }
    must(*end <= bytes.size());
    auto const read = parse_request(bytes.substr(0, *end));
    if (auto const* const refusal = std::get_if<Refusal>(&read)) {
        must(refusal->status >= 400 && refusal->status < 600);
        must(end_of_head(answer_in_words(*refusal, false, 0)).has_value());
        return 0;
    }
    auto const& request = std::get<Request>(read);
    must(!xfsbus::wire::name_problem(request.name));
    check_answer(answer_for(request, content, size, 0));
    check_answer(answer_for(request, content, 0, 0));
    static_cast<void>(is_admitted(request, ""));
    must(!is_admitted(request, "a token that nobody can have shown \n"));
    return 0;
}
