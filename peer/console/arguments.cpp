#include "arguments.hpp"

#include <xfsbus/program/durations.hpp>
#include <xfsbus/program/sizes.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <charconv>
#include <functional>
#include <string_view>

namespace xfsbus::console {
namespace {

constexpr std::uint64_t sources_most = 256;
constexpr std::uint64_t peers_most = 1'000'000;

Error wrong(std::string message) {
    return {Errc::usage, std::move(message)};
}

struct Option {
    std::string_view letter;  ///< empty: it has none
    std::string_view word;
    bool has_value = false;
    std::function<Status(std::string const& value)> take;
};

Option flag(std::string_view letter, std::string_view word, bool& to) {
    return {letter, word, false, [&to](auto const&) {
                to = true;
                return done();
            }};
}

/// One name at most among options; returns it, or an empty text.
Result<std::string> parse_words_or_none(std::vector<std::string> const& words,
                                        std::vector<Option> const& options) {
    std::string name;
    bool only_names = false;
    for (auto word = words.begin(); word != words.end(); ++word) {
        bool const is_name = only_names || word->empty() || word->front() != '-' || *word == "-";
        if (!is_name && *word == "--") {
            only_names = true;
            continue;
        }
        if (is_name) {
            if (word->empty() || !name.empty()) {
                return wrong("it takes one name (quote blanks)");
            }
            name = *word;
            continue;
        }
        auto const option = std::ranges::find_if(options, [&](Option const& candidate) {
            return *word == candidate.word || *word == candidate.letter;
        });
        bool const lacks_value =
            option != options.end() && option->has_value && std::next(word) == words.end();
        if (option == options.end() || lacks_value) {
            return wrong("'" + wire::escape(*word) + "' is no option, or lacks its value");
        }
        if (auto const taken = option->take(option->has_value ? *++word : ""); !taken) {
            return taken.error();
        }
    }
    return name;
}

/// The same with a name.
Result<std::string> parse_words(std::vector<std::string> const& words,
                                std::vector<Option> const& options) {
    auto name = parse_words_or_none(words, options);
    return name && name->empty() ? wrong("it takes a name") : name;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string const& text, std::uint64_t most) {
    std::uint64_t value = 0;
    auto const* const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, value);
    bool const good = error == std::errc{} && rest == end && value > 0 && value <= most;
    return good ? std::optional(value) : std::nullopt;
}

Result<DownloadWords> parse_download(std::vector<std::string> const& words) {
    DownloadWords request;
    auto const take_out = [&](std::string const& value) -> Status {
        request.to_stdout = value == "-";
        request.out = request.to_stdout ? "" : value;
        return done();
    };
    auto const take_sources = [&](std::string const& value) -> Status {
        request.sources = parse_number(value, sources_most).value_or(0);
        return request.sources > 0 ? done() : wrong("-s takes a number from 1 to 256");
    };
    auto const take_wait = [&](std::string const& value) -> Status {
        auto const wait = program::parse_duration(value);
        request.wait = wait ? *wait : request.wait;
        return wait ? done() : wrong("--wait: " + wait.error().message);
    };
    auto const take_play_rate = [&](std::string const& value) -> Status {
        auto const rate = program::parse_size(value);
        request.play_bytes_per_second = rate ? *rate : 0;
        return rate ? done() : wrong("--play-rate: " + rate.error().message);
    };
    auto name = parse_words(words, {flag("-f", "--force", request.force),
                                    flag({}, "--repair", request.repair),
                                    {"-o", "--out", true, take_out},
                                    {"-s", "--sources", true, take_sources},
                                    {{}, "--wait", true, take_wait},
                                    {{}, "--play-rate", true, take_play_rate}});
    if (!name) {
        return name.error();
    }
    request.name = std::move(*name);
    return request;
}

namespace {

Status take_to(std::string const& value, peer::PushRequest& request) {
    request.peers = parse_number(value, peers_most).value_or(0);
    if (request.peers > 0) {
        request.to = peer::PushTo::number;
    } else if (value == "all" || value == "accepting") {
        request.to = value == "all" ? peer::PushTo::all : peer::PushTo::accepting;
    } else {
        return wrong("--to takes 'all', 'accepting', or a number of peers");
    }
    return done();
}

Status take_patience(std::string const& value, peer::PushRequest& request) {
    auto const patience = program::parse_duration(value);
    if (!patience) {
        return wrong("--patience: " + patience.error().message);
    }
    request.patience = *patience;
    return done();
}

}  // namespace

Result<peer::PushRequest> parse_push(std::vector<std::string> const& words) {
    peer::PushRequest request;
    bool said = false;
    auto const to = [&](std::string const& value) {
        said = true;
        return take_to(value, request);
    };
    auto const patience = [&](std::string const& value) { return take_patience(value, request); };
    auto name = parse_words(words, {{{}, "--to", true, to}, {{}, "--patience", true, patience}});
    if (!name) {
        return name.error();
    }
    if (!said) {
        return wrong("it takes --to, with 'all', 'accepting', or a number of peers");
    }
    request.name = std::move(*name);
    return request;
}

Result<WatchOrder> parse_watch(std::vector<std::string> const& words) {
    WatchOrder order;
    auto const take_exec = [&](std::string const& value) -> Status {
        order.exec = value;
        return value.empty() ? wrong("--exec takes a command") : done();
    };
    auto pattern = parse_words_or_none(
        words, {{{}, "--exec", true, take_exec}, flag({}, "--peers", order.what.peers)});
    if (!pattern) {
        return pattern.error();
    }
    if (pattern->empty() && !order.what.peers) {
        return wrong("it takes a pattern, or --peers, or both");
    }
    order.what.files = std::move(*pattern);
    return order;
}

}  // namespace xfsbus::console
