#include "outcome.hpp"

#include "catch.hpp"

using namespace xfsbus;
using namespace xfsbus::console;
using peer::PushState;

namespace {

peer::DownloadReport with_errors(std::vector<std::optional<Errc>> const& errors) {
    peer::DownloadReport report;
    for (auto const& code : errors) {
        auto& file = report.files.emplace_back();
        file.error = code ? std::optional(Error{*code, "why"}) : std::nullopt;
    }
    return report;
}

peer::PushReport with_states(std::vector<PushState> const& states) {
    peer::PushReport report;
    for (auto const state : states) {
        report.targets.emplace_back().state = state;
    }
    return report;
}

}  // namespace

TEST_CASE("A download that worked, or had nothing to do, gives 0") {
    CHECK(code_of(peer::DownloadReport{}) == 0);
    CHECK(code_of(with_errors({std::nullopt, std::nullopt})) == 0);
}

TEST_CASE("A job whose files fail in different ways gives the gravest code") {
    std::vector const from_bad_to_better = {Errc::integrity,  Errc::disk,
                                            Errc::plugin,     Errc::not_authorised,
                                            Errc::failed,     Errc::usage,
                                            Errc::network,    Errc::timeout,
                                            Errc::not_found,  Errc::tracker_unreachable,
                                            Errc::interrupted};
    for (std::size_t i = 0; i < from_bad_to_better.size(); ++i) {
        auto const worst = static_cast<int>(from_bad_to_better[i]);
        for (std::size_t j = i; j < from_bad_to_better.size(); ++j) {
            CHECK(code_of(with_errors({from_bad_to_better[j], from_bad_to_better[i]})) == worst);
            CHECK(code_of(with_errors(
                      {std::nullopt, from_bad_to_better[i], from_bad_to_better[j]})) == worst);
        }
    }
}

TEST_CASE("Files are counted as failed, present or neither, never as two of them") {
    auto report = with_errors({Errc::disk, std::nullopt, std::nullopt});
    report.files[0].present = true;
    report.files[1].present = true;
    CHECK(failed_files(report) == 1);
    CHECK(present_files(report) == 1);
}

TEST_CASE("A push to all gives 0 if those that take pushes have it") {
    CHECK(code_of(with_states({}), 0) == 0);
    CHECK(code_of(with_states({PushState::there, PushState::refused}), 0) == 0);
    CHECK(code_of(with_states({PushState::there, PushState::failed}), 0) == 1);
    CHECK(missing(with_states({PushState::there, PushState::failed, PushState::refused}), 0) == 1);
}

TEST_CASE("A push to a number gives 0 once so many have it, also if others failed") {
    auto const report = with_states({PushState::there, PushState::failed, PushState::there});
    CHECK(code_of(report, 2) == 0);
    CHECK(code_of(report, 1) == 0);
    CHECK(code_of(report, 3) == 1);
    CHECK(missing(report, 5) == 3);
}

TEST_CASE("A push is unfinished while a peer is asked, waits or fetches") {
    for (auto const state : {PushState::asking, PushState::waiting, PushState::fetching}) {
        CHECK(unfinished(with_states({PushState::there, state})));
        CHECK(code_of(with_states({PushState::there, state}), 0) == 1);
    }
    CHECK_FALSE(unfinished(with_states({PushState::there, PushState::failed, PushState::refused})));
}
