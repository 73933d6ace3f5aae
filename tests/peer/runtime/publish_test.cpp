// What is shared without standing in a directory, from one peer to another.
#include "running_tracker.hpp"
#include "sample.hpp"
#include "temp_dir.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::test;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t mebi = 1024 * 1024;

DownloadRequest fetching(std::string const& name) {
    DownloadRequest request;
    request.name = name;
    return request;
}

std::string bytes_in(fs::path const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator(file), {}};
}

/// Old enough to be read at once.
void write_aged_file(fs::path const& path, std::string const& text,
                     std::chrono::seconds age = 10s) {
    std::ofstream(path, std::ios::binary) << text;
    fs::last_write_time(path, fs::file_time_type::clock::now() - age);
}

/// The next event of this kind; what comes before it is dropped.
template <typename T>
T next_of(EventQueue const& events) {
    while (auto event = events.wait(patience)) {
        if (auto* const it = std::get_if<T>(&*event)) {
            return std::move(*it);
        }
    }
    throw std::runtime_error("the event has not come");
}

/// A peer that publishes and shares no directory, and one that fetches.
struct Publishing {
    explicit Publishing(std::uint64_t rate = 0)
        : source(sink_of(tracker, unused.path())), sink(sink_of(tracker, downloads.path(), rate)) {}

    /// What the sink gets of it; nullopt: nothing.
    [[nodiscard]] std::optional<std::string> fetch(std::string const& name) const {
        auto const report = sink->download(fetching(name), {}, patience);
        bool const there = report && !report->files.empty() && !report->files.front().error;
        return there ? std::optional(bytes_in(downloads.path() / name)) : std::nullopt;
    }

    /// The sink tries to fetch it, until it is not published any more; then it has nothing of it.
    void loses(EventQueue const& events, std::string const& name) const {
        auto const job = sink->start_download(fetching(name));
        CHECK(next_of<FileGone>(events).name == name);
        job.cancel();
        REQUIRE(job.wait(patience));
        auto const& report = *job.result();  // or nobody was found who has it
        CHECK((!report || report->files.empty() || report->files.front().error));
        CHECK_FALSE(fs::exists(downloads.path() / name));
        CHECK(shared().empty());
    }

    [[nodiscard]] std::vector<std::string> shared() const {
        std::vector<std::string> names;
        for (auto const& file : source->files(patience).value()) {
            names.push_back(file.name);
        }
        return names;
    }

    RunningTracker tracker;
    TempDir unused;
    TempDir downloads;
    TempDir elsewhere;
    std::unique_ptr<Peer> source;
    std::unique_ptr<Peer> sink;
};

/// Bytes that a program makes, of which it remembers what was asked.
class MadeBytes : public BlockSource {
  public:
    explicit MadeBytes(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] std::uint64_t size() const override { return text_.size(); }

    [[nodiscard]] Status read(std::uint64_t offset, std::span<std::byte> into) override {
        std::lock_guard const lock(mutex_);
        most_ = std::max(most_.load(), into.size());
        if (trouble) {
            ++refused;
            return Error{Errc::failed, "not now"};
        }
        std::ranges::copy(std::as_bytes(std::span(text_)).subspan(offset, into.size()),
                          into.begin());
        return done();
    }

    [[nodiscard]] std::size_t most() const { return most_; }

    std::atomic<bool> trouble = false;
    std::atomic<int> refused = 0;

  private:
    std::string text_;
    std::mutex mutex_;
    std::atomic<std::size_t> most_ = 0;
};

/// Waits at its second read, the first after it was hashed, until it may go on.
class HangingBytes final : public BlockSource {
  public:
    [[nodiscard]] std::uint64_t size() const override { return 3; }

    [[nodiscard]] Status read(std::uint64_t, std::span<std::byte> into) override {
        auto const before = reads_++;
        if (before == 1) {
            begun.count_down();
        }
        if (before > 0) {
            go_on.wait();
        }
        std::ranges::fill(into, std::byte('a'));
        return done();
    }

    std::latch begun{1};
    std::latch go_on{1};

  private:
    std::atomic<int> reads_ = 0;
};

}  // namespace

TEST_CASE("Bytes in memory are found, listed, fetched and counted as a shared file is") {
    Publishing const two;
    auto const events = two.source->events().value();
    auto const sample = test::sample(3 * mebi);
    auto const published =
        two.source->publish({"made/here.bin", owned(sample.bytes)}, patience).value();
    CHECK(published.content == wire::to_hex(sample.content));

    auto const found = two.sink->find("made/here.bin", patience).value();
    REQUIRE(found.size() == 1);
    CHECK(found[0].content == published.content);
    CHECK(found[0].share_percent == 100);
    CHECK(two.source->find("made/here.bin", patience).value().at(0).self);
    CHECK(two.sink->list("made/**", patience).value().at(0).complete == 1);
    CHECK(two.fetch("made/here.bin") == sample.bytes);

    CHECK(two.shared() == std::vector<std::string>{"made/here.bin"});
    auto const counters = two.source->status(patience).value().counters;
    CHECK(std::ranges::find(counters, "files", &CounterValue::name)->value == 1);
    CHECK(next_of<FileAppeared>(events).file.name == "made/here.bin");
    REQUIRE(two.source->unpublish("made/here.bin", patience));
    CHECK(next_of<FileGone>(events).name == "made/here.bin");
    CHECK(two.shared().empty());
    CHECK(two.source->unpublish("made/here.bin", patience).error().code == Errc::not_found);
}

TEST_CASE("What is not published any more is not found, and its memory is let go") {
    Publishing const two;
    auto const bytes = std::make_shared<std::string const>("abc");
    OwnedBytes const given{std::as_bytes(std::span(*bytes)), bytes};
    REQUIRE(two.source->publish({"a", given}, patience));
    REQUIRE(two.source->unpublish("a", patience));
    CHECK(bytes.use_count() == 2);
    CHECK(comes_true([&] { return two.sink->list("**", patience).value().empty(); }));
    CHECK(two.sink->find("a", patience).error().code == Errc::not_found);
    REQUIRE(two.source->publish({"a", owned(std::string("xyz"))}, patience));
    CHECK(two.fetch("a") == "xyz");
}

TEST_CASE("A program that ends its peer gets back all that it has published") {
    auto const bytes = std::make_shared<std::string const>("abc");
    auto const made = std::make_shared<MadeBytes>("abc");
    {
        Publishing const two;
        REQUIRE(two.source->publish({"a", OwnedBytes{std::as_bytes(std::span(*bytes)), bytes}},
                                    patience));
        REQUIRE(two.source->publish({"b", made}, patience));
    }
    CHECK(bytes.use_count() == 1);
    CHECK(made.use_count() == 1);
}

TEST_CASE("A file that lies elsewhere is fetched, and can be pushed") {
    Publishing two;
    auto const sample = test::sample(2 * mebi);
    write_aged_file(two.elsewhere.path() / "original", sample.bytes);
    REQUIRE(two.source->publish({"copy", two.elsewhere.path() / "original"}, patience));
    CHECK(two.fetch("copy") == sample.bytes);

    TempDir directory;
    auto options = options_for(two.tracker);
    options.directory = directory.path();
    options.accept_push = AcceptPush::new_files;
    auto const target = Peer::start(std::move(options)).value();
    REQUIRE(target->wait_until_shared(patience));
    PushRequest push;
    push.name = "copy";
    push.to = PushTo::accepting;
    auto const pushed = two.source->push(push, {}, patience).value();
    REQUIRE(pushed.files.size() == 1);
    CHECK(bytes_in(directory.path() / "copy") == sample.bytes);
}

TEST_CASE("What a program makes is asked of it in pieces, and fetched") {
    Publishing const two;
    auto const sample = test::sample(9 * mebi + 1);
    auto const source = std::make_shared<MadeBytes>(sample.bytes);
    REQUIRE(two.source->publish({"made", source}, patience));
    CHECK(two.fetch("made") == sample.bytes);
    CHECK(source->most() <= 4 * mebi);
}

TEST_CASE("What a program cannot read now is not had, stays published, and is had later") {
    Publishing const two;
    auto const source = std::make_shared<MadeBytes>("abc");
    REQUIRE(two.source->publish({"a", source}, patience));
    source->trouble = true;
    auto const job = two.sink->start_download(fetching("a"));
    REQUIRE(comes_true([&] { return source->refused > 0; }));
    job.cancel();
    REQUIRE(job.wait(patience));
    CHECK(two.shared() == std::vector<std::string>{"a"});
    source->trouble = false;
    CHECK(two.fetch("a") == "abc");
}

TEST_CASE("A program that hangs while it is read holds up no other file") {
    Publishing const two;
    auto const source = std::make_shared<HangingBytes>();
    REQUIRE(two.source->publish({"hangs", source}, patience));
    write_aged_file(two.elsewhere.path() / "original", "abc");
    auto const job = two.sink->start_download(fetching("hangs"));
    source->begun.wait();
    CHECK(two.source->publish({"b", owned(std::string("xyz"))}, patience));
    CHECK(two.source->status(patience));
    source->go_on.count_down();
    REQUIRE(job.wait(patience));
    CHECK(two.fetch("b") == "xyz");
}

TEST_CASE("With a known manifest a file is published unread, by another peer too") {
    Publishing const two;
    auto const sample = test::sample(2 * mebi);
    auto const manifest =
        two.source->publish({"a", owned(sample.bytes)}, patience).value().manifest;
    auto const other = sink_of(two.tracker, two.unused.path());
    auto const source = std::make_shared<MadeBytes>(sample.bytes);
    auto const published = other->publish({"a", source, manifest}, patience).value();
    CHECK(source->most() == 0);
    CHECK(published.content == wire::to_hex(sample.content));
    REQUIRE(two.source->unpublish("a", patience));
    CHECK(two.fetch("a") == sample.bytes);
}

TEST_CASE("Bytes that do not fit the manifest that was given reach nobody, and are not kept") {
    Publishing const two;
    auto const events = two.source->events().value();
    auto const manifest = wire::encode_manifest(*with_bytes("abc").manifest);
    REQUIRE(two.source->publish({"a", owned(std::string("xyz")), manifest}, patience));
    two.loses(events, "a");
}

TEST_CASE("A file elsewhere that was changed reaches nobody as what it was") {
    Publishing const two;
    auto const events = two.source->events().value();
    auto const path = two.elsewhere.path() / "original";
    write_aged_file(path, "abc");
    REQUIRE(two.source->publish({"a", path}, patience));
    SECTION("written to") {
        write_aged_file(path, "xyz", 5s);
    }
    SECTION("removed") {
        fs::remove(path);
    }
    two.loses(events, "a");
}

TEST_CASE("A path is taken from the working directory of then, and what is not there is not had") {
    Publishing const two;
    auto const missing = two.source->publish({"a", two.elsewhere.path() / "none"}, patience);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == Errc::disk);
    CHECK(two.shared().empty());
}

TEST_CASE("Whoever fetches what is unpublished meanwhile is told, and gets it no more") {
    Publishing const two(2 * mebi);
    auto const sample = test::sample(64 * mebi);
    REQUIRE(two.source->publish({"a", owned(sample.bytes)}, patience));
    auto const events = two.sink->events().value();
    auto const job = two.sink->start_download(fetching("a"));
    while (next_of<DownloadProgressed>(events).progress.bytes_done == 0) {
    }
    REQUIRE(two.source->unpublish("a", patience));
    CHECK(two.source->status(patience).value().uploading.empty());
    REQUIRE(job.wait(patience));
    REQUIRE(job.result()->ok());
    CHECK(job.result()->value().files.at(0).error);
}

TEST_CASE("Of two equal files one may be unpublished while others fetch it") {
    Publishing const two(8 * mebi);
    auto const sample = test::sample(8 * mebi);
    REQUIRE(two.source->publish({"a", owned(sample.bytes)}, patience));
    REQUIRE(two.source->publish({"b", owned(sample.bytes)}, patience));
    auto const events = two.sink->events().value();
    auto const job = two.sink->start_download(fetching("a"));
    while (next_of<DownloadProgressed>(events).progress.bytes_done == 0) {
    }
    REQUIRE(two.source->unpublish("a", patience));
    REQUIRE(job.wait(patience));
    CHECK_FALSE(job.result()->value().files.at(0).error);
    CHECK(bytes_in(two.downloads.path() / "a") == sample.bytes);
}

TEST_CASE("A Reader of this peer reads what is published, as long as it is") {
    Publishing const two;
    auto const sample = test::sample(9 * mebi);
    REQUIRE(two.source->publish({"a", std::make_shared<MadeBytes>(sample.bytes)}, patience));
    auto const reader = two.source->open("a", {}, patience).value();
    CHECK(reader.size() == sample.bytes.size());
    CHECK(reader.content() == wire::to_hex(sample.content));
    REQUIRE(reader.wait_until_whole(patience));
    std::string read(sample.bytes.size(), '\0');
    auto const all = std::as_writable_bytes(std::span(read));
    for (std::size_t at = 0; at < read.size();) {
        auto const got = reader.read(at, all.subspan(at), patience).value();
        REQUIRE(got > 0);
        CHECK(got <= 4 * mebi);
        at += got;
    }
    CHECK(read == sample.bytes);
    REQUIRE(two.source->unpublish("a", patience));
    CHECK(reader.read(0, all, patience).error().code == Errc::not_found);
}

namespace {

/// A peer that shares a directory and publishes.
struct SharesAndPublishes {
    SharesAndPublishes() { write_aged_file(directory.path() / "shared", "of the directory"); }

    RunningTracker tracker;
    TempDir directory;
    TempDir downloads;
    std::unique_ptr<Peer> sut = source_of(tracker, directory.path());
    std::unique_ptr<Peer> sink = sink_of(tracker, downloads.path());
};

}  // namespace

TEST_CASE("A name of the directory is not published, and a published one of it is not shared") {
    SharesAndPublishes sharing;
    auto& sut = *sharing.sut;
    CHECK(sut.publish({"shared", owned(std::string("x"))}, patience).error().code == Errc::usage);
    auto const published = sut.publish({"later", owned(std::string("x"))}, patience).value();
    write_aged_file(sharing.directory.path() / "later", "of the directory, too");
    REQUIRE(sut.update_list(patience));
    auto files = sut.files(patience).value();
    REQUIRE(files.size() == 2);
    CHECK(files[0].content == published.content);

    REQUIRE(sut.unpublish("later", patience));
    files = sut.files(patience).value();
    REQUIRE(files.size() == 2);
    CHECK(files[0].name == "later");
    CHECK(files[0].size == std::string("of the directory, too").size());
    CHECK(comes_true([&] {
        auto const found = sharing.sink->list("later", patience).value();
        return found.size() == 1 && found[0].size == files[0].size && found[0].complete == 1;
    }));
    REQUIRE(sharing.sink->download(fetching("later"), {}, patience));
    CHECK(bytes_in(sharing.downloads.path() / "later") == "of the directory, too");
}

TEST_CASE("A file that is removed where something is published under its name comes back no more") {
    SharesAndPublishes sharing;
    auto& sut = *sharing.sut;
    REQUIRE(sut.publish({"later", owned(std::string("x"))}, patience));
    write_aged_file(sharing.directory.path() / "later", "of the directory, too");
    REQUIRE(sut.update_list(patience));
    fs::remove(sharing.directory.path() / "later");
    REQUIRE(sut.update_list(patience));
    CHECK(sut.files(patience).value().size() == 2);
    REQUIRE(sut.unpublish("later", patience));
    CHECK(sut.files(patience).value().size() == 1);
}

TEST_CASE("To the name of what a peer publishes it fetches nothing: it is there, or another is") {
    SharesAndPublishes sharing;
    auto& sut = *sharing.sut;
    REQUIRE(sut.publish({"same", owned(std::string("x"))}, patience));
    REQUIRE(sut.publish({"other", owned(std::string("x"))}, patience));
    REQUIRE(sharing.sink->publish({"same", owned(std::string("x"))}, patience));
    auto const other =
        sharing.sink->publish({"other", owned(std::string("y"))}, patience).value().content;
    auto const same = sut.download(fetching("same"), {}, patience).value().files.at(0);
    CHECK(same.present);
    CHECK_FALSE(same.error);
    CHECK(same.path.empty());
    auto const failed = sut.download(fetching("other@" + other), {}, patience).value().files.at(0);
    REQUIRE(failed.error);
    CHECK(failed.error->code == Errc::usage);
    CHECK_FALSE(fs::exists(sharing.directory.path() / "same"));
    auto request = fetching("other@" + other);
    request.out = "under another name";
    CHECK_FALSE(sut.download(request, {}, patience).value().files.at(0).error);
}

TEST_CASE("What a program publishes cannot wait for a peer, and what it throws stops at the peer") {
    struct Asking final : BlockSource {
        [[nodiscard]] std::uint64_t size() const override { return 3; }

        [[nodiscard]] Status read(std::uint64_t, std::span<std::byte>) override {
            code = peer->status(patience).error().code;
            throw std::runtime_error("not read");
        }

        Peer* peer = nullptr;
        std::optional<Errc> code;
    };

    Publishing const two;
    auto const source = std::make_shared<Asking>();
    source->peer = two.source.get();
    CHECK(two.source->publish({"a", source}, patience).error().code == Errc::disk);
    CHECK(source->code == Errc::usage);
    CHECK(two.source->status(patience));
}

TEST_CASE("A publishing that is cancelled, or whose wait is over, shares nothing") {
    struct Endless final : BlockSource {
        [[nodiscard]] std::uint64_t size() const override { return std::uint64_t{1} << 40U; }

        [[nodiscard]] Status read(std::uint64_t, std::span<std::byte>) override { return done(); }
    };

    Publishing const two;
    auto const source = std::make_shared<Endless>();
    auto const job = two.source->start_publish({"a", source});
    CHECK_FALSE(job.done());
    job.cancel();
    REQUIRE(job.wait(patience));
    CHECK(job.result()->error().code == Errc::interrupted);
    CHECK(two.source->publish({"a", source}, 10ms).error().code == Errc::timeout);
    CHECK(comes_true([&] { return source.use_count() == 1; }));
    CHECK(two.shared().empty());
}
