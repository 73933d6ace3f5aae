#include "push_view.hpp"

#include "catch.hpp"

using namespace xfsbus::console;
using namespace std::chrono_literals;
using xfsbus::peer::PushReport;
using xfsbus::peer::PushState;
using xfsbus::peer::PushTarget;

namespace {

constexpr std::uint64_t kib = 1024;
constexpr TerminalSize wide{120, 24};
constexpr PushView::Time begin{1h};

/// One peer in each state.
PushReport one_of_each() {
    PushReport report;
    report.name = "model.bin";
    report.size = 1000 * kib;
    report.seconds = 61;
    report.targets = {{"10.0.0.1", 7471, PushState::there, 1000 * kib, 2.5, ""},
                      {"10.0.0.2", 7471, PushState::fetching, 450 * kib, 3, ""},
                      {"10.0.0.3", 7471, PushState::waiting, 0, 3, ""},
                      {"10.0.0.4", 7471, PushState::asking, 0, 3, ""},
                      {"10.0.0.5", 7471, PushState::failed, 10 * kib, 1, "the disk is full"},
                      {"10.0.0.66", 7471, PushState::refused, 0, 0, "it takes no pushes"}};
    return report;
}

}  // namespace

TEST_CASE("A row of a push says where, how it stands, how far, how long, and why not") {
    auto const rows = push_rows(one_of_each(), false);
    REQUIRE(rows.size() == 6);
    CHECK(push_rows(one_of_each(), true)[0].back() == "model.bin");
    CHECK(rows[0] == std::vector<std::string>{"10.0.0.1", "7471", "there", "100%", "2.50"});
    CHECK(rows[1][2] == "fetching");
    CHECK(rows[1][3] == "45%");
    CHECK(rows[4] ==
          std::vector<std::string>{"10.0.0.5", "7471", "failed", "1%", "1.00", "the disk is full"});
}

TEST_CASE("An empty file is all there, or not at all") {
    CHECK(percent_of({"", 0, PushState::there, 0, 0, ""}, 0) == 100);
    CHECK(percent_of({"", 0, PushState::waiting, 0, 0, ""}, 0) == 0);
    CHECK(percent_of({"", 0, PushState::fetching, 300, 0, ""}, 200) == 100);
}

TEST_CASE("A push is shown as a table of the peers above a line for all") {
    PushView view;
    auto const lines = view.lines({1, 0, one_of_each()}, wide, begin);
    REQUIRE(lines.size() == 7);
    CHECK(lines[0] == "  10.0.0.1:7471  there    100%  2.5 s");
    CHECK(lines[2] == "  10.0.0.3:7471  waiting    0%  ");
    CHECK(lines[4] == "  10.0.0.5:7471  failed     1%  the disk is full");
    CHECK(lines[6] ==
          "model.bin: 1000.0 KiB, 1 fetching, 1 waiting, 1 asking, 1 failed, 1 there, "
          "1 refused, 0 B/s, 1:01");
}

TEST_CASE("The rate of a peer is what it got of late") {
    PushView view;
    auto report = one_of_each();
    CHECK_THAT(view.lines({1, 0, report}, wide, begin).at(1), ContainsSubstring("0 B/s"));
    report.targets[1].bytes += 200 * kib;
    CHECK_THAT(view.lines({1, 0, report}, wide, begin + 2s).at(1),
               ContainsSubstring("100.0 KiB/s"));
    for (auto at = 3s; at < 10s; at += 1s) {
        CHECK(view.lines({1, 0, report}, wide, begin + at).size() == 7);
    }
    CHECK_THAT(view.lines({1, 0, report}, wide, begin + 10s).at(1), ContainsSubstring(" 0 B/s"));
}

TEST_CASE("A peer that began anew has no negative rate") {
    PushView view;
    auto report = one_of_each();
    CHECK(view.lines({1, 0, report}, wide, begin).size() == 7);
    report.targets[1].bytes = 0;
    CHECK_THAT(view.lines({1, 0, report}, wide, begin + 1s).at(1), ContainsSubstring(" 0 B/s"));
}

TEST_CASE("Of a fleet that does not fit those are shown where something happens") {
    PushReport report;
    report.name = "model.bin";
    for (std::uint16_t i = 0; i < 100; ++i) {
        auto const state = i == 77 ? PushState::fetching : PushState::there;
        report.targets.push_back({"10.0.0.1", i, state, 0, 0, ""});
    }
    PushView view;
    auto const lines = view.lines({1, 0, report}, {100, 16}, begin);
    REQUIRE(lines.size() == 11);
    CHECK_THAT(lines[0], ContainsSubstring("10.0.0.1:77 "));
    CHECK(lines[9] == "  and 91 more");
    CHECK_THAT(lines[10], ContainsSubstring("1 fetching, 99 there"));
}

TEST_CASE("No line of a push wraps, at any width") {
    auto report = one_of_each();
    report.name = "数据\033.bin";
    for (std::size_t columns = 0; columns < 120; ++columns) {
        PushView view;
        for (auto const& line : view.lines({1, 0, report}, {columns, 24}, begin)) {
            CHECK(columns_of(line) <= (columns > 0 ? columns - 1 : 0));
            CHECK(line.find('\033') == std::string::npos);
        }
    }
}

TEST_CASE("A push of several files says how many of them are done") {
    PushView view;
    CHECK(view.lines({12, 3, one_of_each()}, wide, begin)
              .back()
              .starts_with("3 of 12 files, model.bin: "));
}
