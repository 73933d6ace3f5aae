#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace xfsbus::door {

/// Bytes of a file, from `begin` to before `end`.
struct Part {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;

    friend bool operator==(Part const&, Part const&) = default;
};

/// The file is asked for as a whole, or in a way that may be answered so.
struct Whole {};

/// There is nothing of it in the file.
struct Unsatisfiable {};

/// What the value of a Range header means for a file of this size, as RFC 9110 (14.1, 14.2) has it:
/// one range is served; several, other units and what is no range mean the whole.
std::variant<Whole, Part, Unsatisfiable> part_of(std::string_view range, std::uint64_t size);

/// Whether one of the entity tags of an If-Match (strong) or If-None-Match (weak) is this one, with
/// its quotes, or all are meant by "*".
bool names_tag(std::string_view list, std::string_view tag, bool weak);

}  // namespace xfsbus::door
