#include "catch.hpp"
#include "faults.hpp"
#include "temp_dir.hpp"

#include <xfsbus/trace/trace_file.hpp>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <future>
#include <sstream>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::test;
using namespace std::chrono_literals;

namespace {

constexpr char const* head = "head\n";

std::vector<std::string> lines_of(std::filesystem::path const& path) {
    std::vector<std::string> lines;
    std::ifstream stream(path);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

std::string text_of(std::filesystem::path const& path) {
    std::ifstream stream(path);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

std::string numbered(int number) {
    return "record " + std::to_string(number) + "\n";
}

/// A trace of at most so many bytes a file, which has begun with a head.
std::unique_ptr<trace::TraceFile> bounded(std::filesystem::path const& path,
                                          std::uint64_t bytes_most,
                                          std::function<void(std::string const&)> on_failed = {}) {
    auto file = trace::TraceFile::create(
        {.path = path, .bytes_most = bytes_most, .on_failed = std::move(on_failed)});
    REQUIRE(file);
    (*file)->set_head([] { return std::string(head); });
    (*file)->put([] { return std::string(head); });
    return std::move(*file);
}

void put_numbered(trace::TraceFile& file, int begin, int end) {
    for (int i = begin; i < end; ++i) {
        file.put([i] { return numbered(i); });
    }
}

}  // namespace

TEST_CASE("A bounded trace keeps its last records in two files, each of them whole") {
    TempDir const temp;
    auto const path = temp.path() / "trace";
    constexpr std::uint64_t bytes_most = 1000;
    constexpr int last = 999;
    auto file = bounded(path, bytes_most);
    put_numbered(*file, 0, last + 1);
    file.reset();
    auto const before = lines_of(path.string() + ".1");
    auto const now = lines_of(path);
    std::vector<std::string> kept;
    for (auto const* lines : {&before, &now}) {
        REQUIRE(lines->size() > 2);
        CHECK(lines->front() == "head");
        CHECK(lines->back() == R"({"record":"end","records":)" + std::to_string(lines->size() - 1) +
                                   R"(,"dropped":0})");
        kept.insert(kept.end(), lines->begin() + 1, lines->end() - 1);
    }
    int next = last + 1 - static_cast<int>(kept.size());
    for (auto const& line : kept) {
        CHECK(line + "\n" == numbered(next++));
    }
    constexpr std::uint64_t for_the_end = 64;
    CHECK(text_of(path.string() + ".1").size() <= bytes_most + for_the_end);
    CHECK(text_of(path).size() <= bytes_most + for_the_end);
}

TEST_CASE("A record that is longer than a file may be has a file of its own") {
    TempDir const temp;
    auto const path = temp.path() / "trace";
    auto file = bounded(path, 50);
    std::string const longest(200, 'x');
    put_numbered(*file, 0, 1);
    file->put([&] { return longest + "\n"; });
    file.reset();
    CHECK(lines_of(path.string() + ".1").at(1) == "record 0");
    CHECK(lines_of(path).at(1) == longest);
}

TEST_CASE("A further file begins with the head that was set last") {
    TempDir const temp;
    auto const path = temp.path() / "trace";
    auto file = bounded(path, 50);
    file->set_head([] { return std::string("another head\n"); });
    put_numbered(*file, 0, 10);
    file.reset();
    CHECK(lines_of(path).front() == "another head");
}

TEST_CASE("A trace whose next file cannot be begun ends with one word, and keeps what there is") {
    TempDir const temp;
    auto const path = temp.path() / "trace";
    std::promise<std::string> told;
    auto file = bounded(path, 50, [&](std::string const& why) { told.set_value(why); });
    std::filesystem::create_directory(path.string() + ".1");  // no place for the file before
    put_numbered(*file, 0, 20);
    auto why = told.get_future();
    REQUIRE(why.wait_for(20s) == std::future_status::ready);
    CHECK(why.get() == "Is a directory");
    file->put([] { return numbered(20); });
    auto const info = file->info();
    CHECK(info.trouble == "Is a directory");
    CHECK(info.dropped > 0);
    CHECK(lines_of(path).at(1) == "record 0");
}
