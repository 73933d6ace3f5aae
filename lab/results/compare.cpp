#include "results/compare.hpp"

#include "results/out_folder.hpp"
#include "results/text.hpp"

#include <xfsbus/wire/name.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <system_error>
#include <utility>

namespace xfsbus::lab::results {
namespace {

constexpr std::size_t summary_bytes_most = 256U * 1024 * 1024;
constexpr double significant = 0.05;
constexpr std::size_t seeds_least = 6;  ///< 2/2^6 is the first that is below 0.05

void take(std::map<std::uint64_t, double>& values, nlohmann::json const& run, char const* key) {
    auto const& value = run.at(key);
    if (!value.is_null() && std::isfinite(value.get<double>())) {
        values[run.at("seed").get<std::uint64_t>()] = value.get<double>();
    }
}

Measured measured_of(nlohmann::json const& policy, nlohmann::json const& summary) {
    Measured measured;
    measured.situation = summary.at("situation").get<std::string>();
    measured.where = summary.value("where", "sim");  // once there was nothing else
    auto const parameters = policy.at("parameters").get<std::string>();
    measured.label =
        policy.at("name").get<std::string>() + (parameters.empty() ? "" : " " + parameters);
    for (auto const& run : policy.at("runs")) {
        take(measured.makespan_s, run, "makespan_s");
        take(measured.mean_s, run, "mean_s");
    }
    return measured;
}

Result<std::vector<Measured>> read_folder(std::filesystem::path const& folder) {
    if (auto const finished = check_finished(folder); !finished) {
        return finished.error();
    }
    auto const file = folder / "summary.json";
    errno = 0;
    std::ifstream stream(file, std::ios::binary | std::ios::ate);
    auto const size = static_cast<std::streamoff>(stream.tellg());
    if (!stream || size < 0 || static_cast<std::uint64_t>(size) > summary_bytes_most) {
        auto const why = errno != 0 ? std::generic_category().message(errno)
                                    : std::string("is no file of at most 256 MiB");
        return Error{Errc::disk, wire::escape(file.string()) + ": cannot be read: " + why};
    }
    std::string text(static_cast<std::size_t>(size), '\0');
    stream.seekg(0);
    stream.read(text.data(), size);
    if (!stream) {
        return Error{Errc::disk, wire::escape(file.string()) + ": cannot be read"};
    }
    return read_measured(text, wire::escape(file.string()));
}

std::string labels_of(std::vector<Measured> const& all) {
    std::string text;
    for (auto const& each : all) {
        text += (text.empty() ? "'" : ", '") + wire::escape(each.label) + "'";
    }
    return text;
}

Result<Measured> choose(std::vector<Measured> const& all, Side const& side, char const* option) {
    if (side.policy.empty() && all.size() == 1) {
        return all.front();
    }
    auto const found = std::ranges::find(all, side.policy, &Measured::label);
    if (found != all.end() && !side.policy.empty()) {
        return *found;
    }
    return Error{Errc::usage, wire::escape(side.folder.string()) + ": which policy is meant? " +
                                  option + " takes one of " + labels_of(all)};
}

std::string verdict_of(char const* what, Difference const& found) {
    auto const& difference = found.difference;
    double const percent = found.mean_a > 0 ? 100 * difference.mean / found.mean_a : 0;
    std::string line =
        std::string(what) + ": " + (found.real ? "real" : "not shown") + ", " +
        number_text("%+.3f s", difference.mean) + number_text(" (%+.1f %%)", percent) +
        number_text(", 95 %% [%+.3f", difference.low) + number_text(", %+.3f]", difference.high) +
        number_text(", p %.4f", found.p) + number_text(", effect %.2f", found.effect);
    if (found.seeds < seeds_least) {
        line += ", " + std::to_string(found.seeds) + " seeds can show nothing: take 6 or more";
    }
    return line + "\n";
}

/// "usual (netns)", if it matters.
std::string called(Measured const& one, Measured const& other) {
    auto const label = wire::escape(one.label);
    return one.where == other.where ? label : label + " (" + wire::escape(one.where) + ")";
}

/// What a difference between two places means.
std::string place_text(Measured const& a, Measured const& b) {
    if (a.where == b.where) {
        return {};
    }
    return a.label == b.label ? "One policy in two places: what differs is where it ran.\n"
                              : "Two policies in two places: what differs may be where they ran.\n";
}

}  // namespace

Result<std::vector<Measured>> read_measured(std::string_view text, std::string const& file) {
    try {
        auto const json = nlohmann::json::parse(text);
        std::vector<Measured> all;
        for (auto const& policy : json.at("policies")) {
            all.push_back(measured_of(policy, json));
        }
        return all;
    } catch (nlohmann::json::exception const& error) {
        return Error{Errc::usage,
                     file + ": is no summary of xfs-lab run: " + wire::escape(error.what())};
    }
}

Result<Difference> difference_of(std::map<std::uint64_t, double> const& a,
                                 std::map<std::uint64_t, double> const& b) {
    std::vector<double> of_a;
    std::vector<double> differences;
    for (auto const& [seed, value] : a) {
        if (auto const other = b.find(seed); other != b.end()) {
            of_a.push_back(value);
            differences.push_back(other->second - value);
        }
    }
    if (differences.empty()) {
        return Error{Errc::usage, "there is no seed with which both have finished"};
    }
    Difference found;
    found.seeds = differences.size();
    found.mean_a = mean_of(of_a);
    found.difference = estimate_of(differences);
    found.p = sign_flip_p(differences);
    found.effect = effect_size(differences);
    found.real = found.p < significant && (found.difference.low > 0 || found.difference.high < 0);
    return found;
}

Result<std::string> compare(Side const& a, Side const& b) {
    auto const all_a = read_folder(a.folder);
    auto const all_b = read_folder(b.folder);
    if (!all_a || !all_b) {
        return all_a ? all_b.error() : all_a.error();
    }
    auto const of_a = choose(*all_a, a, "--policy-a");
    auto const of_b = choose(*all_b, b, "--policy-b");
    if (!of_a || !of_b) {
        return of_a ? of_b.error() : of_a.error();
    }
    if (of_a->situation != of_b->situation) {
        return Error{Errc::usage,
                     "these are different experiments: only policies and seeds may differ"};
    }
    auto const makespan = difference_of(of_a->makespan_s, of_b->makespan_s);
    auto const mean = difference_of(of_a->mean_s, of_b->mean_s);
    if (!makespan || !mean) {
        return makespan ? mean.error() : makespan.error();
    }
    return "B " + called(*of_b, *of_a) + " less A " + called(*of_a, *of_b) + ", " +
           std::to_string(makespan->seeds) + " seeds\n" + place_text(*of_a, *of_b) +
           verdict_of("makespan", *makespan) + verdict_of("mean", *mean);
}

}  // namespace xfsbus::lab::results
