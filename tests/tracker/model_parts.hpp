#pragma once

#include "simulated.hpp"

#include <xfsbus/wire/glob.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

/// What the model of a Directory is made of.
namespace xfsbus::tracker::test {

/// One row of an answer: name, content, peer, how much of it the peer has.
using Row = std::tuple<std::string, std::uint32_t, std::uint32_t, std::uint32_t>;
using Rows = std::set<Row>;

struct ModelFile {
    std::uint32_t content = 0;
    std::uint32_t have_ppm = 0;
};

struct ModelPeer {
    std::uint32_t number = 0;
    std::string route;
    std::uint16_t port = 0;
    bool silent = false;
    wire::Time heard;
    std::optional<wire::Time> check;
    std::optional<wire::Time> pinged;
    std::uint64_t accepted = 0;
    bool listing = false;
    std::map<std::string, ModelFile> files;
    std::set<std::string> named;
    bool seen = false;  ///< by the step of a find that is under way

    wire::Time due() const {
        auto const expires = heard + ttl;
        if (!check) {
            return expires;
        }
        return silent ? *check : std::min(*check, expires);
    }
};

struct ModelFind {
    std::uint64_t request = 0;
    wire::FindBy by = wire::FindBy::glob;
    std::string query;
    wire::Time started;
    std::set<std::uint32_t> waiting;
    /// Names and contents that there were when it was asked.
    std::set<std::pair<std::string, std::uint32_t>> chosen;

    bool names(std::string const& name, ModelFile const& file) const {
        return sees(name, file) && chosen.contains({name, file.content});
    }

    bool sees(std::string const& name, ModelFile const& file) const {
        if (by == wire::FindBy::glob) {
            return file.have_ppm > 0 && wire::glob_match(query, name);
        }
        bool const whole = query.size() == 2 * wire::ContentId::size;
        return (file.have_ppm > 0 || whole) &&
               wire::to_hex(content_id(file.content)).starts_with(query);
    }
};

struct ModelRegistration {
    std::string route;
    std::uint32_t number = 0;
    std::uint16_t port = 0;
    bool silent = false;
    std::set<std::uint32_t> holders;
};

}  // namespace xfsbus::tracker::test
