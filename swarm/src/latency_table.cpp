#include <xfsbus/swarm/latency_table.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace xfsbus::swarm {
namespace {

std::vector<std::string> words_of(std::string const& line) {
    std::istringstream stream(line.substr(0, line.find('#')));
    std::vector<std::string> words;
    for (std::string word; stream >> word;) {
        words.push_back(word);
    }
    return words;
}

std::optional<double> parse_ms(std::string const& text) {
    double value = 0;
    auto const* const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, value);
    bool const good =
        error == std::errc{} && rest == end && value >= 0 && value <= LatencyTable::most_ms;
    return good ? std::optional(value) : std::nullopt;
}

Error bad_line(std::size_t number, std::string const& why) {
    return {Errc::usage, "line " + std::to_string(number) + ": " + why +
                             " (expected: IP:PORT IP:PORT MILLISECONDS)"};
}

std::pair<wire::Endpoint, wire::Endpoint> ordered(wire::Endpoint const& a,
                                                  wire::Endpoint const& b) {
    return std::minmax(a, b);
}

}  // namespace

Result<LatencyTable> LatencyTable::parse(std::string_view text) {
    LatencyTable table;
    std::istringstream stream{std::string(text)};
    std::size_t number = 0;
    for (std::string line; std::getline(stream, line);) {
        ++number;
        auto const words = words_of(line);
        if (words.empty()) {
            continue;
        }
        if (words.size() != 3) {
            return bad_line(number, "it has " + std::to_string(words.size()) + " fields, not 3");
        }
        auto const a = wire::parse_endpoint(words[0]);
        auto const b = wire::parse_endpoint(words[1]);
        if (!a || !b) {
            return bad_line(number,
                            "'" + wire::escape(a ? words[1] : words[0]) + "' is no IP:PORT");
        }
        auto const ms = parse_ms(words[2]);
        if (!ms) {
            return bad_line(number, "'" + wire::escape(words[2]) +
                                        "' is no number of milliseconds from 0 to 60000");
        }
        table.pairs_[ordered(*a, *b)] = *ms;
    }
    return table;
}

double LatencyTable::between(wire::Endpoint const& a, wire::Endpoint const& b) const {
    auto const found = pairs_.find(ordered(a, b));
    return found == pairs_.end() ? default_ms : found->second;
}

}  // namespace xfsbus::swarm
