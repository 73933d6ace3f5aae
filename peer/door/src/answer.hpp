#pragma once

#include "range.hpp"
#include "request.hpp"

#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace xfsbus::door {

/// What is said before the bytes of a file, and which of them follow.
struct Answer {
    int status = 200;
    std::string head;
    Part body{};
};

/// An answer in words; of a HEAD, without them.
std::string answer_in_words(Refusal const& refusal, bool head, std::time_t now);

/// The answer to a request for a file that can be read. `content`: its content id in hex, which is
/// its entity tag.
Answer answer_for(Request const& request, std::string_view content, std::uint64_t size,
                  std::time_t now);

/// Why a file cannot be had.
Refusal refusal_of(Error const& error);

/// Whether this request may be answered at all. `token`: what it has to show; empty: nothing, but
/// then it must name this machine as only it does itself.
bool is_admitted(Request const& request, std::string_view token);

}  // namespace xfsbus::door
