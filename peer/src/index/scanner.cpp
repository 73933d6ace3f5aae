#include "index/scanner.hpp"

#include "storage/sight.hpp"

#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace xfsbus::peer::index {

bool is_within(std::string_view name, std::string_view directory) {
    return name.starts_with(directory) &&
           (name.size() == directory.size() || directory.empty() || name[directory.size()] == '/');
}

Scanner::Scanner(int root, std::string start, Sink sink) : root_(root), sink_(std::move(sink)) {
    waiting_.push_back(std::move(start));
}

Scanner::Step Scanner::step(std::size_t entries) {
    for (; entries > 0; --entries) {
        if (dir_ == nullptr) {
            if (waiting_.empty()) {
                return Step::done;
            }
            if (!open_next()) {
                return Step::shortage;
            }
            continue;
        }
        errno = 0;
        if (dirent const* entry = files::readdir(dir_.get())) {
            visit(*entry);
            continue;
        }
        if (errno != 0) {
            fail_directory(errno);
        }
        dir_.reset();
    }
    return Step::more;
}

void Scanner::abandon(std::string const& directory) {
    std::erase_if(waiting_, [&](auto const& name) { return is_within(name, directory); });
    if (is_within(dir_name_, directory)) {
        dir_.reset();
    }
}

/// False: it cannot be opened now.
bool Scanner::open_next() {
    dir_name_ = std::move(waiting_.back());
    waiting_.pop_back();
    auto fd = storage::open_beneath(root_, dir_name_, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (fd) {
        sink_.on_directory(fd.get(), dir_name_);
        dir_.reset(files::fdopendir(fd.get()));
    }
    if (dir_ != nullptr) {
        static_cast<void>(fd.release());  // closedir closes it
        name_ = dir_name_.empty() ? "" : dir_name_ + '/';
        prefix_ = name_.size();
    } else if (storage::is_shortage(errno)) {
        waiting_.push_back(std::move(dir_name_));
        return false;
    } else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {  // else: just replaced
        fail_directory(errno);
    }
    return true;
}

void Scanner::fail_directory(int error) {
    complete_ = complete_ && error == EACCES;
    sink_.on_refused(dir_name_, storage::errno_text(error));
}

void Scanner::visit(dirent const& entry) {
    std::string_view const part = entry.d_name;
    if (part == "." || part == ".." || storage::is_temporary(part)) {
        return;
    }
    name_.resize(prefix_);
    name_ += part;
    if (sink_.is_ignored(name_)) {
        return;
    }
    if (entry.d_type == DT_LNK) {
        sink_.on_link(name_);
    } else if (auto const problem = wire::name_problem(name_)) {
        sink_.on_refused(name_, *problem);
    } else if (entry.d_type == DT_DIR) {
        waiting_.push_back(name_);
    } else {
        visit_by_stat(entry.d_name);
    }
}

void Scanner::visit_by_stat(char const* part) {
    struct stat status {};

    if (files::fstatat(::dirfd(dir_.get()), part, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) {
            sink_.on_refused(name_, storage::errno_text(errno));
        }
        return;
    }
    auto const sight = storage::judge(status);
    if (sight.kind == storage::Sight::Kind::file) {
        sink_.on_file(name_, sight);
    } else if (sight.kind == storage::Sight::Kind::directory) {
        waiting_.push_back(name_);
    } else if (sight.kind == storage::Sight::Kind::link) {
        sink_.on_link(name_);
    } else if (sight.kind == storage::Sight::Kind::refused) {
        sink_.on_refused(name_, sight.why);
    }
}

}  // namespace xfsbus::peer::index
