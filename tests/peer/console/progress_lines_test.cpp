#include "progress_lines.hpp"

#include "catch.hpp"

using namespace xfsbus::console;
using xfsbus::peer::DownloadProgress;
using xfsbus::peer::FileProgress;

namespace {

constexpr TerminalSize hundred_columns{100, 24};

DownloadProgress half() {
    DownloadProgress progress;
    progress.name = "model.bin";
    progress.bytes_done = 512 * 1024;
    progress.bytes_total = 1024 * 1024;
    progress.files_total = 1;
    progress.bytes_per_second = 256 * 1024;
    progress.sources = 2;
    return progress;
}

/// A job of so many files, all in progress.
DownloadProgress several(std::size_t files) {
    auto progress = half();
    progress.name = "data/*";
    progress.files_total = files;
    for (std::size_t i = 0; i < files; ++i) {
        progress.running.push_back({"data/" + std::to_string(i) + ".bin", 25, 100, 2048.0, i + 1});
    }
    return progress;
}

}  // namespace

TEST_CASE("The line of a download says how far, how fast, how long and from how many") {
    auto const lines = progress_lines(half(), hundred_columns);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("model.bin [") == 0);
    CHECK_THAT(lines[0], ContainsSubstring("] "
                                           " 50% 512.0 KiB 256.0 KiB/s ETA 0:02 from 2"));
}

TEST_CASE("The bar is as full as the download is far") {
    auto const bar_of = [](std::uint64_t done) {
        auto progress = half();
        progress.bytes_done = done;
        auto const line = progress_lines(progress, hundred_columns)[0];
        auto const begin = line.find('[') + 1;
        return line.substr(begin, line.find(']') - begin);
    };
    CHECK(bar_of(0) == std::string(40, '.'));
    CHECK(bar_of(512 * 1024) == std::string(20, '#') + std::string(20, '.'));
    CHECK(bar_of(1024 * 1024) == std::string(40, '#'));
    CHECK(bar_of(2048 * 1024) == std::string(40, '#'));
}

TEST_CASE("No line of a progress wraps, at any width") {
    for (std::size_t columns = 0; columns < 150; ++columns) {
        auto progress = several(3);
        progress.name = std::string(columns, 'n') + "数据.bin";
        progress.running[1].name = progress.name;
        for (auto const& line : progress_lines(progress, {columns, 24})) {
            CHECK(columns_of(line) <= (columns > 0 ? columns - 1 : 0));
        }
    }
}

TEST_CASE("A download of nothing, or of unknown speed, has a progress, too") {
    CHECK_THAT(progress_lines({}, hundred_columns).at(0), ContainsSubstring("  0%"));
    CHECK_THAT(progress_lines({}, hundred_columns).at(0), ContainsSubstring("ETA -"));
}

TEST_CASE("A job of several files has a line for each that runs, above one for itself") {
    auto progress = several(3);
    progress.files_done = 1;
    auto const lines = progress_lines(progress, hundred_columns);
    REQUIRE(lines.size() == 4);
    CHECK(lines[0] == "  data/0.bin  25%    2.0 KiB/s from 1");
    CHECK(lines[2] == "  data/2.bin  25%    2.0 KiB/s from 3");
    CHECK(lines[3].find("data/* [") == 0);
    CHECK_THAT(lines[3], ContainsSubstring("1/3 files"));
}

TEST_CASE("The lines of files stay in the order of their names") {
    auto progress = several(2);
    std::swap(progress.running[0], progress.running[1]);
    CHECK_THAT(progress_lines(progress, hundred_columns).at(0), ContainsSubstring("data/0.bin"));
}

TEST_CASE("The facts of files stand below each other, whatever the names are made of") {
    auto progress = several(2);
    progress.running[0].name = "数据.bin";
    auto const lines = progress_lines(progress, hundred_columns);
    CHECK(columns_of(lines.at(0)) == columns_of(lines.at(1)));
    CHECK(columns_of(lines[0].substr(0, lines[0].find('%'))) ==
          columns_of(lines[1].substr(0, lines[1].find('%'))));
}

TEST_CASE("Of more files than there is room for, some are shown and the others counted") {
    auto const lines = progress_lines(several(30), {100, 16});
    REQUIRE(lines.size() == 11);
    CHECK(lines[9] == "  and 21 more");
    CHECK(progress_lines(several(10), {100, 16}).size() == 11);
    CHECK(progress_lines(several(11), {100, 16}).at(9) == "  and 2 more");
}

TEST_CASE("In a terminal of few rows the files are only counted") {
    auto const lines = progress_lines(several(30), {100, 4});
    REQUIRE(lines.size() == 2);
    CHECK(lines[0] == "  and 30 more");
}

TEST_CASE("A name that would drive the terminal is shown escaped") {
    auto progress = several(1);
    progress.files_total = 2;
    progress.name = progress.running[0].name = "a\033[2Jb";
    for (auto const& line : progress_lines(progress, hundred_columns)) {
        CHECK(line.find('\033') == std::string::npos);
        CHECK_THAT(line, ContainsSubstring("a\\x1b[2Jb"));
    }
}
