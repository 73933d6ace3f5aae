#pragma once

#include "index/share_index.hpp"
#include "storage/sight.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/host/hash_algorithm.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xfsbus::test {

inline std::shared_ptr<policies::HashAlgorithm const> algorithm(
    std::string const& name = "sha256") {
    return policies::load_integrity(policies::parse_plugin_spec(name),
                                    policies::PluginPath({XFS_TEST_PLUGINS}));
}

/// Sets a file's mtime to so long before now.
inline void set_age(std::filesystem::path const& file, std::chrono::milliseconds age) {
    auto const time = std::chrono::system_clock::now() - age;
    auto const ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch());
    timespec const stamp{ns.count() / 1'000'000'000, ns.count() % 1'000'000'000};
    timespec const both[] = {stamp, stamp};
    if (::utimensat(AT_FDCWD, file.c_str(), both, 0) != 0) {
        throw std::runtime_error("cannot set the time of " + file.string());
    }
}

/// Writes a file, and all directories above it.
inline void write_new(std::filesystem::path const& file, std::string_view text) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
}

/// The same, as if it had been done some time ago: so that it can be read at once.
inline void write_old(std::filesystem::path const& file, std::string_view text,
                      std::chrono::milliseconds age = std::chrono::seconds(10)) {
    write_new(file, text);
    set_age(file, age);
}

inline swarm::FileStamp stamp(std::filesystem::path const& file) {
    int const fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    auto const result = peer::storage::stamp_of(fd);
    ::close(fd);
    return result.value();
}

/// Writes over a file of the same size, and puts its mtime back.
inline void write_in_place(std::filesystem::path const& file, std::string_view text) {
    auto const time = std::filesystem::last_write_time(file);
    write_new(file, text);
    std::filesystem::last_write_time(file, time);
}

/// An old file whose bytes can be changed without a trace in its stamp, as a failing disk does it:
/// its memory is written to before it has been looked at, and so is dirty already.
class Unstamped {
  public:
    Unstamped(std::filesystem::path const& file, std::string_view text) : size_(text.size()) {
        write_new(file, text);
        int const fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
        memory_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        ::close(fd);
        if (memory_ == MAP_FAILED) {
            throw std::runtime_error("cannot map " + file.string());
        }
        change(text);
        set_age(file, std::chrono::seconds(10));
    }

    /// The system takes this for the closing of a file that was open for writing.
    ~Unstamped() { ::munmap(memory_, size_); }

    Unstamped(Unstamped const&) = delete;
    Unstamped& operator=(Unstamped const&) = delete;

    /// To a text of the same size.
    void change(std::string_view text) { std::memcpy(memory_, text.data(), size_); }

  private:
    std::size_t size_;
    void* memory_ = nullptr;
};

/// Collects what an index says.
class Collector {
  public:
    peer::index::ShareIndex::Events events() {
        peer::index::ShareIndex::Events events;
        events.on_changed = [this](auto added, auto removed) { changed(added, removed); };
        events.on_scanned = [this](auto const& summary) {
            change([&] { summaries.push_back(summary); });
        };
        events.on_warning = [this](std::string_view text) {
            change([&] { warnings.emplace_back(text); });
        };
        events.on_notice = [this](std::string_view text) {
            change([&] { notices.emplace_back(text); });
        };
        return events;
    }

    /// Waits until it holds; false if it does not within a time that is enough for any machine.
    template <typename Condition>
    bool wait(Condition condition) {
        std::unique_lock lock(mutex);
        return changed_.wait_for(lock, std::chrono::seconds(60), condition);
    }

    bool wait_for_scans(std::size_t count) {
        return wait([&] { return summaries.size() >= count; });
    }

    bool wait_for(std::string const& name) {
        return wait([&] { return files.contains(name); });
    }

    bool wait_gone(std::string const& name) {
        return wait([&] { return !files.contains(name); });
    }

    /// Waits until it is reported with another content than this.
    bool wait_changed(std::string const& name, wire::ContentId const& content) {
        return wait([&] { return files.contains(name) && files[name].content != content; });
    }

    /// Waits until it is reported as removed, be it known or not.
    bool wait_removed(std::string const& name) {
        return wait([&] { return taken_back.contains(name); });
    }

    bool wait_warning(std::string_view part) {
        return wait([&] { return warned_locked(part) > 0; });
    }

    std::vector<std::string> names() {
        std::lock_guard const lock(mutex);
        std::vector<std::string> names;
        for (auto const& [name, file] : files) {
            names.push_back(name);
        }
        return names;
    }

    swarm::IndexedFile file(std::string const& name) {
        std::lock_guard const lock(mutex);
        return files.at(name);
    }

    int reports(std::string const& name) {
        std::lock_guard const lock(mutex);
        return reported[name];
    }

    peer::index::ScanSummary last_scan() {
        std::lock_guard const lock(mutex);
        return summaries.back();
    }

    std::size_t warned(std::string_view part = "") {
        std::lock_guard const lock(mutex);
        return warned_locked(part);
    }

    template <typename Work>
    auto change(Work work) -> decltype(work()) {
        std::lock_guard const lock(mutex);
        changed_.notify_all();  // who waits gets on once the lock is free
        return work();
    }

    std::mutex mutex;
    std::map<std::string, swarm::IndexedFile> files;  ///< as reported, by name
    std::map<std::string, int> reported;              ///< how often it was added
    std::set<std::string> taken_back;                 ///< ever removed, known or not
    std::vector<peer::index::ScanSummary> summaries;
    std::vector<std::string> warnings;
    std::vector<std::string> notices;

  private:
    void changed(std::vector<swarm::IndexedFile> const& added,
                 std::vector<std::string> const& removed) {
        change([&] {
            for (auto const& file : added) {
                files.insert_or_assign(file.name, file);
                ++reported[file.name];
            }
            for (auto const& name : removed) {
                files.erase(name);
                taken_back.insert(name);
            }
        });
    }

    std::size_t warned_locked(std::string_view part) {
        return static_cast<std::size_t>(std::ranges::count_if(
            warnings, [&](auto const& text) { return text.find(part) != text.npos; }));
    }

    std::condition_variable changed_;
};

/// A shared directory, a place for the cache, and what an index of it said.
struct Share {
    TempDir dir;
    std::filesystem::path root = dir.path() / "share";
    std::filesystem::path cache = dir.path() / "cache.sqlite";

    Share() { std::filesystem::create_directory(root); }

    /// Starts an index. Its collector must outlive it.
    std::unique_ptr<peer::index::ShareIndex> start(Collector& collector, bool watch = false,
                                                   std::string const& hash = "sha256") const {
        auto index = peer::index::ShareIndex::start({root, cache, algorithm(hash), watch, 2},
                                                    collector.events());
        if (!index) {
            throw std::runtime_error(index.error().message);
        }
        return std::move(index).value();
    }

    /// Starts an index, waits for the end of its first scan, and ends it.
    void scan(Collector& collector, std::string const& hash = "sha256") const {
        auto const index = start(collector, false, hash);
        if (!collector.wait_for_scans(1)) {
            throw std::runtime_error("the first scan did not end");
        }
    }
};

}  // namespace xfsbus::test
