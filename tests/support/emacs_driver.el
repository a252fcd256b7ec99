;;; -*- lexical-binding: t; -*-
;; What the tests of Emacs share: `driver-main' runs the steps of a test and writes what they return as JSON.

(require (quote json))
(set-language-environment "UTF-8")
(require 'cl-lib)

(defvar driver-told nil "What the person was told, latest first.")
(defvar driver-asked nil "The yes-or-no questions, latest first.")
(defvar driver-answer t "The person's answer to them.")
(defconst driver-patience (string-to-number (or (getenv "DRIVER_PATIENCE_S") "500")))

(advice-add 'message :before (lambda (format &rest arguments)
                               (when format (push (apply #'format-message format arguments) driver-told))))
(advice-add 'y-or-n-p :override (lambda (prompt) (push prompt driver-asked) driver-answer))

(defvar driver-choice nil "What the person chooses of the actions of a message; nil is Enter without a look.")
(defvar driver-choices nil "Those actions.")
(advice-add 'completing-read :override
            (lambda (_prompt choices &optional _predicate _require-match initial-input &rest _)
              (setq driver-choices choices)
              (or driver-choice initial-input)))

;; Eglot goes on in the background after three seconds, which a busy machine may need to start a server.
(setq eglot-sync-connect 120 eglot-connect-timeout 120)

(defun driver-wait (what condition)
  (let ((deadline (+ (float-time) driver-patience)))
    (while (not (funcall condition))
      (when (> (float-time) deadline)
        (error "Waited in vain for %s; told: %S" what driver-told))
      (accept-process-output nil 0.05))))

(defun driver-told-p (pattern)
  (cl-some (lambda (text) (string-match-p pattern text)) driver-told))

(defun driver-wait-told (pattern)
  (driver-wait (format "a message like %s" pattern) (lambda () (driver-told-p pattern))))

(defun driver-text ()
  (buffer-substring-no-properties (point-min) (point-max)))

(defun driver-write (text)
  "Replace the text as a person would: by itself undoable."
  (erase-buffer)
  (insert text)
  (undo-boundary))

(defun driver-at (text)
  (goto-char (point-min))
  (search-forward text)
  (goto-char (match-beginning 0)))

(defun driver-undone ()
  "The text after one undo."
  (undo-boundary)
  (setq last-command 'ignore)
  (undo)
  (driver-text))

(defun driver-main (result-path steps)
  (let ((result (condition-case err
                    (list (cons 'result (funcall steps)))
                  (error (list (cons 'error (format "%S" err)))))))
    (with-temp-file result-path
      (insert (json-encode result))))
  (kill-emacs))
