#include "pack.hpp"

#include <bit>
#include <cstddef>

namespace xfsbus::pack {
namespace {

std::string big_endian(std::uint64_t value, std::size_t bytes) {
    std::string out;
    for (std::size_t i = bytes; i-- > 0;) {
        out += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
    }
    return out;
}

}  // namespace

std::string header32(char type, std::uint32_t length) {
    return type + big_endian(length, 4);
}

std::string uint(std::uint64_t value) {
    return value < 0x80 ? std::string(1, static_cast<char>(value)) : "\xCF" + big_endian(value, 8);
}

std::string str(std::string_view text) {
    return header32('\xDB', static_cast<std::uint32_t>(text.size())) + std::string(text);
}

std::string bin(std::string_view bytes) {
    return header32('\xC6', static_cast<std::uint32_t>(bytes.size())) + std::string(bytes);
}

std::string boolean(bool value) {
    return value ? "\xC3" : "\xC2";
}

std::string float64(double value) {
    return "\xCB" + big_endian(std::bit_cast<std::uint64_t>(value), 8);
}

std::string negative(std::int64_t value) {
    return "\xD3" + big_endian(static_cast<std::uint64_t>(value), 8);
}

std::string array(std::vector<std::string> const& elements) {
    std::string out = header32('\xDD', static_cast<std::uint32_t>(elements.size()));
    for (auto const& element : elements) {
        out += element;
    }
    return out;
}

std::string map(std::vector<Pair> const& pairs) {
    std::string out = header32('\xDF', static_cast<std::uint32_t>(pairs.size()));
    for (auto const& [key, value] : pairs) {
        out += str(key) + value;
    }
    return out;
}

}  // namespace xfsbus::pack
