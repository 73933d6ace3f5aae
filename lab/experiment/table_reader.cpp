#include "experiment/table_reader.hpp"

#include "experiment/experiment.hpp"
#include "experiment/units.hpp"

#include <xfsbus/program/sizes.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <sstream>
#include <utility>

namespace xfsbus::lab::experiment {
namespace {

std::string number_text(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
}

template <typename Number>
std::string range(Number least, Number most) {
    return "from " + number_text(static_cast<double>(least)) + " to " +
           number_text(static_cast<double>(most));
}

}  // namespace

void Complaint::about(toml::source_region const& at, std::string const& where,
                      std::string const& what) {
    if (!first_) {
        first_ = Error{Errc::usage, file_ + ":" + std::to_string(at.begin.line) + ": " +
                                        (where.empty() ? "" : where + ": ") + what};
    }
}

std::optional<std::string> text_of(toml::node const& node) {
    auto const* const text = node.as_string();
    return text != nullptr ? std::optional(text->get()) : std::nullopt;
}

TableReader::TableReader(Complaint& complaint, toml::table const& table, std::string where)
    : complaint_(complaint), table_(table), where_(std::move(where)) {}

std::string TableReader::called(std::string_view key) const {
    if (where_.empty() || key.empty()) {
        return where_ + wire::escape(key);
    }
    return where_ + " " + wire::escape(key);
}

void TableReader::wrong(std::string_view key, std::string const& what) {
    auto const* const node = table_.get(key);
    complaint_.about(node != nullptr ? node->source() : table_.source(), called(key), what);
}

void TableReader::wrong(toml::node const& node, std::string_view key, std::string const& what) {
    complaint_.about(node.source(), called(key), what);
}

toml::node const* TableReader::get(std::string_view key) {
    known_.emplace(key);
    return table_.get(key);
}

std::vector<std::string> TableReader::keys() {
    std::vector<std::pair<toml::source_position, std::string>> found;
    for (auto const& [key, value] : table_) {
        found.emplace_back(key.source().begin, std::string(key.str()));
        known_.emplace(key.str());
    }
    std::ranges::sort(found, [](auto& a, auto& b) { return a.first < b.first; });
    std::vector<std::string> all;
    all.reserve(found.size());
    for (auto& each : found) {
        all.push_back(std::move(each.second));
    }
    return all;
}

void TableReader::done() {
    for (auto const& [key, value] : table_) {
        if (known_.contains(key.str())) {
            continue;
        }
        std::string there;
        for (auto const& known : known_) {
            there += (there.empty() ? "" : ", ") + known;
        }
        complaint_.about(key.source(), called(key.str()),
                         "there is no such key; there is " + there);
    }
}

template <typename T>
std::optional<T> TableReader::exactly(std::string_view key, char const* kind) {
    auto const* const node = get(key);
    if (node == nullptr) {
        return std::nullopt;
    }
    auto value = node->value_exact<T>();
    if (!value) {
        wrong(key, std::string("must be ") + kind);
    }
    return value;
}

std::string TableReader::text(std::string_view key, std::string otherwise) {
    auto const value = exactly<std::string>(key, "a text in quotes");
    if (!value) {
        return otherwise;
    }
    bool const plain = std::ranges::none_of(*value, [](char c) {
        constexpr unsigned char first_printable = 0x20;
        return static_cast<unsigned char>(c) < first_printable;
    });
    if (value->size() > limits::text || !plain) {
        wrong(key, "must be one line of at most " + std::to_string(limits::text) + " bytes");
    }
    return *value;
}

std::string TableReader::needed_text(std::string_view key) {
    auto value = text(key, {});
    if (value.empty()) {
        wrong(key, "is missing; write " + std::string(key) + " = \"...\"");
    }
    return value;
}

std::uint64_t TableReader::number(std::string_view key, std::uint64_t otherwise,
                                  std::uint64_t least, std::uint64_t most) {
    auto const value = exactly<std::int64_t>(key, "a whole number");
    if (!value) {
        return otherwise;
    }
    if (*value < 0 || static_cast<std::uint64_t>(*value) < least ||
        static_cast<std::uint64_t>(*value) > most) {
        wrong(key, std::to_string(*value) + " is out of range; write a number from " +
                       std::to_string(least) + " to " + std::to_string(most));
    }
    return static_cast<std::uint64_t>(*value);
}

double TableReader::real(std::string_view key, double otherwise, double least, double most) {
    auto const* const node = get(key);
    if (node == nullptr) {
        return otherwise;
    }
    auto const value = node->value<double>();
    if (!value || !(*value >= least && *value <= most)) {
        wrong(key, "must be a number " + range(least, most));
        return otherwise;
    }
    return *value;
}

bool TableReader::flag(std::string_view key, bool otherwise) {
    return exactly<bool>(key, "true or false").value_or(otherwise);
}

template <typename Value, typename Parse>
Value TableReader::parsed(std::string_view key, Value otherwise, Parse parse) {
    auto const value = exactly<std::string>(key, "a text in quotes");
    if (!value) {
        return otherwise;
    }
    auto const read = parse(*value);
    if (!read) {
        wrong(key, read.error().message);
        return otherwise;
    }
    return *read;
}

wire::Duration TableReader::time(std::string_view key, wire::Duration otherwise) {
    return parsed(key, otherwise, parse_time);
}

std::uint64_t TableReader::size(std::string_view key, std::uint64_t otherwise, std::uint64_t most) {
    auto const value = parsed(key, otherwise, program::parse_size);
    if (has(key) && (value < 1 || value > most)) {
        wrong(key, "must be a size from 1 to " + std::to_string(most) + " bytes");
    }
    return value;
}

std::uint64_t TableReader::rate(std::string_view key, std::uint64_t otherwise) {
    return parsed(key, otherwise, parse_rate);
}

std::size_t TableReader::word(std::string_view key, std::size_t otherwise,
                              std::vector<std::string_view> const& words) {
    auto const value = exactly<std::string>(key, "a text in quotes");
    if (!value) {
        return otherwise;
    }
    auto const at = std::ranges::find(words, *value);
    if (at == words.end()) {
        std::string there;
        for (auto const each : words) {
            there += (there.empty() ? "" : ", ") + std::string(each);
        }
        wrong(key, "'" + wire::escape(*value) + "' is none of " + there);
        return otherwise;
    }
    return static_cast<std::size_t>(at - words.begin());
}

void TableReader::each(std::string_view key, std::size_t most,
                       std::function<void(toml::node const&)> const& one) {
    auto const* const node = get(key);
    if (node == nullptr) {
        return;
    }
    auto const* const list = node->as_array();
    if (list == nullptr) {
        return one(*node);
    }
    if (list->empty() || list->size() > most) {
        return wrong(key, "has " + std::to_string(list->size()) + " elements; write from 1 to " +
                              std::to_string(most));
    }
    for (auto const& element : *list) {
        one(element);
    }
}

void TableReader::table(std::string_view key, std::function<void(TableReader&)> const& one) {
    auto const* const node = get(key);
    if (node == nullptr) {
        return;
    }
    if (auto const* const inner = node->as_table()) {
        TableReader reader(complaint_, *inner, "[" + std::string(key) + "]");
        one(reader);
        reader.done();
    } else {
        wrong(key, "must be a table; write [" + std::string(key) + "]");
    }
}

void TableReader::tables(std::string_view key, std::size_t most,
                         std::function<void(TableReader&)> const& one) {
    auto const* const node = get(key);
    auto const* const list = node != nullptr ? node->as_array() : nullptr;
    if (list == nullptr || list->empty() || list->size() > most || !list->is_array_of_tables()) {
        return wrong(key, "write from 1 to " + std::to_string(most) + " tables [[" +
                              std::string(key) + "]]");
    }
    for (auto const& element : *list) {
        TableReader reader(complaint_, *element.as_table(), "[[" + std::string(key) + "]]");
        one(reader);
        reader.done();
    }
}

}  // namespace xfsbus::lab::experiment
