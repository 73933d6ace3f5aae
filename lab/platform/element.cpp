#include "platform/element.hpp"

#include "platform/units.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cctype>

namespace xfsbus::lab::platform {
namespace {

/// Bytes of an attribute that is read.
constexpr std::size_t text_most = 4096;

std::string in_capitals(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

}  // namespace

void Complaint::about(int line, std::string const& what) {
    if (!first_) {
        first_ = Error{Errc::usage, file_ + ":" + std::to_string(line) + ": " + what};
    }
}

void Element::wrong(std::string const& what) const {
    complaint_.about(line(), "<" + wire::escape(tag()) + ">: " + what);
}

std::string Element::text(char const* attribute) const {
    auto const* const value = element_.Attribute(attribute);
    std::string text = value != nullptr ? value : "";
    if (text.size() > text_most) {
        wrong(std::string(attribute) + " is longer than " + std::to_string(text_most) + " bytes");
        return {};
    }
    return text;
}

std::string Element::needed(char const* attribute) const {
    auto value = text(attribute);
    if (value.empty()) {
        wrong(std::string(attribute) + " is missing");
    }
    return value;
}

double Element::bandwidth(char const* attribute) const {
    auto const value = parse_bandwidth(needed(attribute));
    if (!value) {
        wrong(std::string(attribute) + ": " + value.error().message);
        return 1;
    }
    return *value;
}

wire::Duration Element::latency(char const* attribute) const {
    if (!has(attribute)) {
        return {};
    }
    auto const value = parse_latency(text(attribute));
    if (!value) {
        wrong(std::string(attribute) + ": " + value.error().message);
        return {};
    }
    return *value;
}

std::size_t Element::word(char const* attribute, std::size_t otherwise,
                          std::initializer_list<std::string_view> words) const {
    if (!has(attribute)) {
        return otherwise;
    }
    auto const value = text(attribute);
    auto const* const found = std::ranges::find(words, in_capitals(value));
    if (found == words.end()) {
        std::string there;
        for (auto const each : words) {
            there += (there.empty() ? "" : ", ") + std::string(each);
        }
        wrong(std::string(attribute) + ": '" + wire::escape(value) + "' is none of " + there);
        return otherwise;
    }
    return static_cast<std::size_t>(found - words.begin());
}

void Element::only(std::initializer_list<std::string_view> attributes) const {
    for (auto const* each = element_.FirstAttribute(); each != nullptr; each = each->Next()) {
        if (std::ranges::count(attributes, each->Name()) == 0) {
            wrong("the attribute " + wire::escape(each->Name()) + " is not understood; remove it");
        }
    }
}

}  // namespace xfsbus::lab::platform
