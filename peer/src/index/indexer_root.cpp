// What the index does when the path of the share leads somewhere else.
#include "index/indexer.hpp"
#include "storage/sight.hpp"

#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <utility>

namespace xfsbus::peer::index {
namespace {

using namespace std::chrono_literals;

// Nothing tells of a link in the path that is switched, nor of all that is unmounted.
constexpr auto root_interval = 2s;
// Who puts another directory in its place has none there for a moment.
constexpr auto gone_interval = 500ms;

/// "1 file is", "3 files are".
std::string count_of(std::uint64_t files, char const* one, char const* more) {
    return files == 1 ? "1 file " + std::string(one) : std::to_string(files) + " files " + more;
}

}  // namespace

Indexer::Time Indexer::root_due() const {
    return checked_root_ + (root_ ? root_interval : gone_interval);
}

/// The one place that notices when the path of the share leads to another directory, or to none.
void Indexer::check_root() {
    checked_root_ = now_;
    auto now = tree_.directory();
    if (now ? *now == root_ : root_ == nullptr && !trouble_.empty()) {
        return;
    }
    if (now) {
        begin_at(std::move(*now));
    } else if (!storage::is_shortage(errno)) {
        leave_root(now.error().message);
    }
}

void Indexer::begin_at(Root root) {
    auto const directory = "the shared directory '" + wire::escape(tree_.root().string()) + "'";
    if (root_ != nullptr) {
        warn(directory + " has been replaced: of what was there " +
             count_of(table_.files(), "was", "were") +
             " shared, from now on what is there instead");
    } else if (!std::exchange(trouble_, {}).empty()) {
        warn(directory + " is there again, and is shared");
    }
    forget_work();
    root_ = std::move(root);
    walk_wanted_ = true;
    if (watcher_) {
        std::error_code unknown;
        mounts_.emplace(
            std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(root_->get()), unknown),
            watcher_->mounts().value_or(""));
    }
}

/// What stands at a place within the share is another directory once something is mounted there, or
/// not any more.
void Indexer::look_at_mounts() {
    check_root();
    auto const table = watcher_->mounts();
    if (root_ == nullptr || !table) {
        return;
    }
    auto changed = mounts_->read(*table);
    auto const other = [this](auto const& name) {
        return wire::name_problem(name).has_value() || ignores_.covers(name);
    };
    std::erase_if(changed.gone, other);
    std::erase_if(changed.come, other);
    for (auto const& name : changed.gone) {
        warn("nothing is mounted at '" + wire::escape(name) +
             "' in the shared directory any more: what was there is not shared");
    }
    changed.come.merge(changed.gone);
    if (!changed.come.empty()) {
        changes_.dropped.insert(changed.come.begin(), changed.come.end());
        changes_.directories.insert(changed.come.begin(), changed.come.end());
        first_change_ = now_;
        last_change_ = now_;
    }
}

void Indexer::leave_root(std::string trouble) {
    warn(trouble + "; until then " + count_of(table_.files(), "of it is", "of it are") +
         " not shared");
    forget_work();
    root_ = nullptr;
    trouble_ = std::move(trouble);
    report();
    answer({.problem = trouble_}, std::exchange(wanted_by_, {}));
}

/// All that is under way is about the directory that was there before. Who waits for a walk waits
/// for the next.
void Indexer::forget_work() {
    table_.withdraw();
    pending_.clear();
    scanner_.reset();
    looks_.forget();
    unsure_.clear();
    new_directories_.clear();
    changes_ = {};
    if (watcher_) {
        watcher_->clear();
    }
    for (auto& walk : std::exchange(walks_, {})) {
        std::move(walk.done.begin(), walk.done.end(), std::back_inserter(wanted_by_));
    }
    walk_wanted_ = false;
}

}  // namespace xfsbus::peer::index
