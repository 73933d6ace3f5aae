#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// msgpack written by hand, without the library that reads it, so that tests can say what no honest
/// writer says.
namespace xfsbus::pack {

std::string uint(std::uint64_t value);
std::string str(std::string_view text);
std::string bin(std::string_view bytes);
std::string boolean(bool value);

inline std::string nil() {
    return "\xC0";
}

std::string float64(double value);
std::string negative(std::int64_t value);

/// Elements that are packed already.
std::string array(std::vector<std::string> const& elements);

using Pair = std::pair<std::string, std::string>;
/// Keys as plain text, values that are packed already.
std::string map(std::vector<Pair> const& pairs);

/// A type byte and a length of four bytes, big-endian: the beginning of something huge.
std::string header32(char type, std::uint32_t length);

}  // namespace xfsbus::pack
